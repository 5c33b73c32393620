"""Write the `.meta` files of the Unity package. GUIDs come from paths, so they are the same on every machine.

python protocol/unity/make_meta.py            write what is missing or stale, remove what has no file any more
python protocol/unity/make_meta.py --check    exit status 1 if anything would change
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent / "com.npc-engine.dialogue"
#: Unity looks into no folder whose name ends so, and wants no `.meta` for it. What a sample holds is copied into the
#: project, with its `.meta` files.
HIDDEN = "~"
SAMPLES = "Samples~"

IMPORTERS = {
    ".cs": (
        "MonoImporter:\n"
        "  externalObjects: {}\n"
        "  serializedVersion: 2\n"
        "  defaultReferences: []\n"
        "  executionOrder: 0\n"
        "  icon: {instanceID: 0}\n"
    ),
    ".asmdef": "AssemblyDefinitionImporter:\n  externalObjects: {}\n",
    ".md": "TextScriptImporter:\n  externalObjects: {}\n",
}
PACKAGE_MANIFEST = "PackageManifestImporter:\n  externalObjects: {}\n"
FOLDER = "folderAsset: yes\nDefaultImporter:\n  externalObjects: {}\n"
FOOTER = "  userData:\n  assetBundleName:\n  assetBundleVariant:\n"


def guid(path: str) -> str:
    """32 hexadecimal digits from a path inside the package, with `/` between its parts."""
    return hashlib.md5(f"{PACKAGE.name}/{path}".encode(), usedforsecurity=False).hexdigest()


def assets(package: Path) -> Iterator[Path]:
    """Every file and folder that Unity imports."""
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        hidden = any(part.endswith(HIDDEN) and part != SAMPLES for part in inside.parts)
        if path.suffix != ".meta" and not hidden and path.name != SAMPLES:
            yield path


def meta(package: Path, asset: Path) -> str:
    """The text of an asset's `.meta` file. Raises KeyError for a kind of file that has no importer here."""
    if asset.is_dir():
        importer = FOLDER
    elif asset.name == "package.json":
        importer = PACKAGE_MANIFEST
    else:
        importer = IMPORTERS[asset.suffix]
    return f"fileFormatVersion: 2\nguid: {guid(asset.relative_to(package).as_posix())}\n{importer}{FOOTER}"


def update(package: Path, check: bool) -> list[Path]:
    """The `.meta` files that are not as they should be; they are made so, unless this is a `check`."""
    wanted = {asset.with_name(asset.name + ".meta"): meta(package, asset) for asset in assets(package)}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    orphans = [path for path in package.rglob("*.meta") if path not in wanted]
    if not check:
        for path in stale:
            path.write_text(wanted[path], "utf-8", newline="\n")
        for path in orphans:
            path.unlink()
    return stale + orphans


def main() -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(description="Write the .meta files of the Unity package.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 if anything would change")
    check = parser.parse_args().check
    changed = update(PACKAGE, check)
    for path in changed:
        print(path.relative_to(PACKAGE))  # noqa: T201
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
