"""Manifests: every difference between registered and existing files."""

import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.fixity import manifest

SMALL, LARGE = b"abc", bytes(range(256)) * 10_000  # the large one takes several blocks


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_the_hash_is_sha256_however_long_the_file(tmp_path: Path, data: bytes) -> None:
    path, copy = tmp_path / "a", io.BytesIO()
    path.write_bytes(data)
    expected = hashlib.sha256(data).hexdigest()
    assert manifest.sha256_of(path) == expected
    assert manifest.copy_hashed(path, copy) == expected
    assert copy.getvalue() == data


def test_a_published_hash_is_the_one_computed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(SMALL)  # the first test vector of FIPS 180-2
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert manifest.sha256_of(tmp_path / "a") == expected


paths = st.text(alphabet="abc012-_./村", min_size=1, max_size=12)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(st.dictionaries(paths, digests, max_size=5))
def test_a_manifest_is_read_as_it_was_written(hashes: dict[str, str]) -> None:
    text = manifest.format_manifest(hashes)
    assert manifest.parse_manifest(text) == hashes
    assert [line[66:] for line in text.splitlines()] == sorted(hashes)


@pytest.mark.parametrize(
    "line", ["{0}  master/a", "{0} *master/a", "{1}  master/a", "{0}  master/a\r"]
)
def test_a_manifest_of_another_program_is_read(line: str) -> None:
    digest = "ab" * 32
    text = line.format(digest, digest.upper()) + "\n"
    assert manifest.parse_manifest(text) == {"master/a": digest}


@pytest.mark.parametrize(
    "line", ["master/a", "{0}", "{0}  ", "{0}00  master/a", "abc  master/a", "  {0}  master/a", " "]
)
def test_a_line_of_another_form_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        manifest.parse_manifest("ab" * 32 + "  master/b\n" + line.format("ab" * 32) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "master").mkdir()
    (tmp_path / "master" / "a.m4a").write_bytes(LARGE)
    (tmp_path / "master" / "a.jpg").write_bytes(SMALL)
    return tmp_path


@pytest.fixture
def hashes() -> dict[str, str]:
    return {
        "master/a.m4a": hashlib.sha256(LARGE).hexdigest(),
        "master/a.jpg": hashlib.sha256(SMALL).hexdigest(),
    }


def test_what_is_as_registered_is_no_difference(folder: Path, hashes: dict[str, str]) -> None:
    assert manifest.compare(folder, hashes) == {}


@pytest.mark.parametrize("at", [0, 1 << 20, len(LARGE) - 1])
@pytest.mark.parametrize("bit", [0, 7])
def test_one_flipped_bit_is_found(folder: Path, hashes: dict[str, str], at: int, bit: int) -> None:
    data = bytearray(LARGE)
    data[at] ^= 1 << bit
    (folder / "master" / "a.m4a").write_bytes(data)
    assert manifest.compare(folder, hashes) == {"master/a.m4a": "changed"}


def test_missing_and_added_files_are_found(folder: Path, hashes: dict[str, str]) -> None:
    (folder / "master" / "a.jpg").rename(folder / "master" / "b.jpg")
    (folder / "master" / "deep").mkdir()
    (folder / "master" / "deep" / ".hidden").touch()
    (folder / "transcript.vtt").touch()  # beside the masters, and not covered
    assert manifest.compare(folder, hashes) == {
        "master/a.jpg": "missing",
        "master/b.jpg": "unexpected",
        "master/deep/.hidden": "unexpected",
    }


def test_a_path_that_leads_out_of_the_folder_is_never_followed(
    folder: Path, hashes: dict[str, str]
) -> None:
    outside = {"master/../../secret": "0" * 64, "/etc/hostname": "0" * 64}
    found = manifest.compare(folder, hashes | outside)
    assert found == dict.fromkeys(outside, "missing")
