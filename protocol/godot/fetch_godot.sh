#!/usr/bin/env bash
# A runnable Godot 4 in a folder of its own on a Debian machine, without touching the system's libraries: a newer suite
# of the distribution is read through a private apt state, and its packages are unpacked beside the system.
#
#   fetch_godot.sh [PREFIX]     then: PREFIX/godot --headless --version
#
# PREFIX is ${XDG_CACHE_HOME:-~/.cache}/npc-engine/godot unless given. If a Godot is there already nothing is done. The
# archive is the one this machine already uses: about 160 MB are downloaded, 520 MB unpacked, in under a minute.
# Elsewhere, install Godot 4.4 or later from https://godotengine.org and put it on PATH.
set -euo pipefail

prefix=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/npc-engine/godot}
suite=${GODOT_SUITE:-forky}

runs() { "$prefix/godot" --headless --version >/dev/null 2>&1; }
fail() { echo "fetch_godot.sh: $*" >&2; exit 1; }

if runs; then
  echo "$prefix/godot"
  exit 0
fi
command -v apt-get >/dev/null || fail "this machine has no apt: install Godot 4.4 or later and put it on PATH"
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
exec 9>"$prefix/.lock"
flock 9 # two builds at once: the second finds what the first has fetched
if runs; then
  echo "$prefix/godot"
  exit 0
fi

apt_state=$prefix/apt
root=$prefix/root
rm -rf "$apt_state" "$root"
mkdir -p "$apt_state/lists/partial" "$apt_state/cache/archives/partial" "$root"
archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1) \
  || fail "apt knows no Debian archive: install Godot 4.4 or later and put it on PATH"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] $archive $suite main" >"$apt_state/sources.list"
: >"$apt_state/status"
apt=(apt-get -qq
  -o Dir::Etc::sourcelist="$apt_state/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o Dir::State::lists="$apt_state/lists" -o Dir::State::status="$apt_state/status"
  -o Dir::Cache="$apt_state/cache" -o APT::Sandbox::User=root)
"${apt[@]}" update >&2 || fail "the archive $archive $suite cannot be read"
"${apt[@]}" install -y --download-only --no-install-recommends godot >&2 || fail "$suite has no godot that fits"
for package in "$apt_state"/cache/archives/*.deb; do
  dpkg-deb -x "$package" "$root"
done
rm -rf "$apt_state"

# The programs are linked against a newer C library than this system may have: they bring their own loader.
loader=$(find "$root/usr/lib64" "$root/lib64" "$root/usr/lib" -name 'ld-linux-*.so.*' -print -quit 2>/dev/null)
libraries=$(dirname "$(find "$root/usr/lib" -name 'libc.so.6' -print -quit)")
[[ -n $loader && -x $root/usr/bin/godot ]] || fail "the packages of $suite hold no Godot for this machine"
cat >"$prefix/godot" <<WRAPPER
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")
libraries=\$here/root${libraries#"$root"}
exec "\$here/root${loader#"$root"}" --library-path "\$libraries:\$libraries/pulseaudio" "\$here/root/usr/bin/godot" "\$@"
WRAPPER
chmod +x "$prefix/godot"
runs || fail "Godot was unpacked to $prefix but does not start"
echo "$prefix/godot"
