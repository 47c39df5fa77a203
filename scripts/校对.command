#!/bin/bash
# macOS: double-click to open the review desk. Tries the Pythons a Mac may have; its own is too old.
cd "$(dirname "$0")/.." || exit 1

python=
for candidate in python3 /usr/local/bin/python3 /opt/homebrew/bin/python3 \
    /Library/Frameworks/Python.framework/Versions/Current/bin/python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done

if [ -n "$python" ]; then
    "$python" scripts/run.py review "$@"
    code=$?
else
    echo "没有找到 Python 3.11 或更新的版本。请到 https://www.python.org 下载安装，再双击一次。"
    code=8
fi

if [ "$code" -ne 0 ]; then
    echo
    echo "校对台没有打开，原因见上面的文字（代码 $code）。"
    read -r -p "按回车键关闭这个窗口。"
fi
exit "$code"
