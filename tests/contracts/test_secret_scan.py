"""What is committed is looked through for secrets, and one that is planted is found."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
BASELINE = ROOT / ".secrets.baseline"
# Put together here, so that this file has none of them.
SECRETS = {
    "AWS Access Key": "AKIA" + "Q3EGRFZ2LXW7VNB4",
    "Basic Auth Credentials": "postgresql://concord:" + "vX8rT2mQ@db.example.com/app",
    "GitHub Token": "ghp_" + "w9KpZ3xVb7RtQ2mNcY5sHd8LfJ4gA6eU1oTi",
    "GitLab Token": "glpat-" + "x7Kq2Vn9Rt4Wm6Zb3Ls8",
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJhZGEifQ." + "c2lnbmF0dXJlLXRoYXQtaXMtbWFkZS11cA",
    "OpenAI Token": "sk-" + "aB3dE6gH9jK2mN5pQ8sT" + "T3BlbkFJ" + "uV1wX4yZ7aB0cD3eF6gH",
    "Private Key": "-----BEGIN " + "PRIVATE KEY-----",
    "Stripe Access Key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
}
HARMLESS = """DATABASE_URL=postgresql://user:password@host:5432/name
sha256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""


def scan(file: Path) -> subprocess.CompletedProcess[str]:
    """What the hook of .pre-commit-config.yaml says of a file, with a copy of the baseline."""
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = {hook["id"]: hook["entry"] for hook in settings["repos"][0]["hooks"]}
    copy = shutil.copy(BASELINE, file.with_suffix(".baseline"))
    command = [str(copy) if word == BASELINE.name else word for word in shlex.split(hooks["secrets"])]
    return subprocess.run(
        [*command, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_planted_secrets_are_found_each_as_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text(HARMLESS + "".join(f'found = "{secret}"\n' for secret in SECRETS.values()))
    said = scan(file)
    assert (said.returncode, {kind for kind in SECRETS if kind not in said.stdout}) == (1, set()), said.stdout
    assert not any(secret in said.stdout for secret in SECRETS.values())


def test_placeholders_and_hashes_are_none(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text(HARMLESS)
    assert scan(file).returncode == 0


def test_no_secret_is_excused_and_none_is_tried_at_its_service() -> None:
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    assert baseline["results"] == {}
    assert not [filter_ for filter_ in baseline["filters_used"] if "verif" in filter_["path"]]


def test_generated_files_alone_are_left_out() -> None:
    filters = json.loads(BASELINE.read_text(encoding="utf-8"))["filters_used"]
    (left_out,) = next(each["pattern"] for each in filters if each["path"].endswith("should_exclude_file"))
    names = {"functions/openapi_get/openapi.json", "prisma/package-lock.json", "uv.lock"}
    assert {name for name in names if re.fullmatch(left_out, name) and (ROOT / name).is_file()} == names
    assert left_out.count("|") == len(names) - 1
