@echo off
rem Windows: double-click to open the review desk. Chinese only in plain echo lines: cmd.exe
rem can lose its place in blocks and at labels of a UTF-8 file.
chcp 65001 >nul
setlocal
set "CUNSHI_PYTHON="
py -3 --version >nul 2>nul && set "CUNSHI_PYTHON=py -3"
if not defined CUNSHI_PYTHON python --version >nul 2>nul && set "CUNSHI_PYTHON=python"

if not defined CUNSHI_PYTHON echo 没有找到 Python。请到 https://www.python.org 下载并安装。
if not defined CUNSHI_PYTHON echo 安装时请勾选 “Add python.exe to PATH”（Add to PATH），装好后再双击一次。
if not defined CUNSHI_PYTHON pause
if not defined CUNSHI_PYTHON exit /b 8

%CUNSHI_PYTHON% "%~dp0run.py" review %*
set "CUNSHI_CODE=%errorlevel%"

if "%CUNSHI_CODE%"=="0" exit /b 0
echo.
echo 校对台没有打开，原因见上面的文字（代码 %CUNSHI_CODE%）。
pause
exit /b %CUNSHI_CODE%
