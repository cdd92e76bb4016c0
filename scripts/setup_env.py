"""Make `.venv` from the hash-locked requirement files: `python3 scripts/setup_env.py runtime|dev`.

Needs nothing but Python and pip; uv is fetched (hash-locked too) into `.tools/`, never into the system. A second
call with the same lock files is a no-op. Kept to syntax that old interpreters read, so that they get a sentence
instead of a traceback.
"""

import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
UV_DIR = os.path.join(ROOT, ".tools", "uv")
UV = os.path.join(UV_DIR, "bin", "uv")
LOCKS = {
    "runtime": ["runtime"],
    "dev": ["dev", "runtime"],
}  # what an installed set also satisfies


def fingerprint(kind):
    digest = hashlib.sha256(sys.version.encode())
    for name in ("requirements/%s.txt" % kind, "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as handle:
            digest.update(handle.read())
    digest.update(ROOT.encode())
    return digest.hexdigest()


def is_ready(kind):
    for installed, satisfies in LOCKS.items():
        marker = os.path.join(VENV, ".ready-" + installed)
        if kind in satisfies and os.path.exists(marker):
            with open(marker) as handle:
                if handle.read() == fingerprint(installed):
                    return True
    return False


def run(what, *command):
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        sys.stderr.write(result.stdout.decode(errors="replace"))
        sys.exit("Setting up failed while %s; the lines above say why." % what)


def install(kind):
    if not os.path.exists(UV):
        run(
            "installing uv",
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "--target",
            UV_DIR,
            "--upgrade",
            "-r",
            "requirements/uv.txt",
        )
    if os.path.isdir(VENV):
        for installed in LOCKS:
            marker = os.path.join(VENV, ".ready-" + installed)
            if os.path.exists(marker):
                os.remove(marker)
    run(
        "making .venv",
        UV,
        "venv",
        "--quiet",
        "--allow-existing",
        "--no-project",
        "--python",
        sys.executable,
        VENV,
    )
    python = os.path.join(VENV, "bin", "python")
    run(
        "installing the locked packages",
        UV,
        "pip",
        "sync",
        "--quiet",
        "--compile-bytecode",
        "--require-hashes",
        "--python",
        python,
        "requirements/%s.txt" % kind,
    )
    run(
        "installing the project",
        UV,
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--offline",
        "--python",
        python,
        "--editable",
        ROOT,
    )
    with open(os.path.join(VENV, ".ready-" + kind), "w") as handle:
        handle.write(fingerprint(kind))


def main():
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(
            "Project One needs Python 3.11, 3.12 or 3.13; this is %d.%d. Name one with: make PYTHON=python3.12 ..."
            % sys.version_info[:2]
        )
    kind = sys.argv[1]
    if is_ready(kind):
        return
    import fcntl  # not on every platform that deserves the sentence above

    os.makedirs(os.path.join(ROOT, ".tools"), exist_ok=True)
    with open(os.path.join(ROOT, ".tools", "setup.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second waits and finds it done
        if not is_ready(kind):
            sys.stdout.write("Setting up .venv (" + kind + ") ...\n")
            install(kind)


main()
