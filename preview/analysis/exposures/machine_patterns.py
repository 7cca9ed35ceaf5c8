"""Lines of a machine's own texts that open something when they come, or when they go."""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


OPENING: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        _any(
            r"\bchmod\b.*\s[ugoa]*[oa]\+[rwxst]*[rw]",
            r"\bchmod\b.*\s\+[rwx]*w",
            r"\bchmod\s+(-\S+\s+)*0?[0-7]{2}[2367]\b",
            r"\bchmod\s+(-\S+\s+)*0?[0-7]{2}[145]\b.*(secret|token|\.env|key|\.pem)",
            r"\b0o?[0-7]{2}[2367]\b",
        ),
        "rights of files are widened",
    ),
    (
        _any(r"\bchmod\s+(-\S+\s+)*([ug]\+s|0?[4-7][0-7]{3}\b)", r"\bsetcap\b"),
        "a program runs with the rights of another",
    ),
    (
        _any(
            r"\brds_superuser\b",
            r"\b(?<!NO)SUPERUSER\b",
            r"\b(?<!NO)(BYPASSRLS|CREATEROLE|REPLICATION)\b",
            r"\bGRANT\s+(ALL|pg_)\w*",
        ),
        "the app's role may do more in the database",
    ),
    (_any(r"\bumask\s+0*[0-6]?[0-6]?[0-6]\b"), "new files are open to others"),
    (
        _any(
            r"NOPASSWD",
            r"/etc/sudoers",
            r"\busermod\b.*\b(sudo|docker|root|adm)\b",
            r"\badduser\b.*\b(sudo|docker)\b",
            r"\bgpasswd\b",
        ),
        "somebody may become root",
    ),
    (
        _any(
            r"PasswordAuthentication\s+yes",
            r"PermitRootLogin\s+(yes|prohibit|without)",
            r"PermitEmptyPasswords\s+yes",
            r"ssh_pwauth:\s*(true|yes)",
        ),
        "SSH takes more logins",
    ),
    (
        _any(r"authorized_keys", r"ssh-import-id", r"\bchpasswd\b", r"\bpasswd\s+\w", r"\buseradd\b"),
        "somebody may log in",
    ),
    (
        _any(
            r"\bufw\s+(disable|allow)",
            r"\bip6?tables\b.*(\s-F\b|--flush|\s-D\b|--delete|ACCEPT)",
            r"\bnft\b.*(flush|delete|accept)",
        ),
        "the machine's packet filter lets more through",
    ),
    (
        _any(
            r"\bsetenforce\s+0",
            r"aa-(disable|teardown|complain)",
            r"apparmor[=_ ]?(0|unconfined)",
            r"systemctl\s+(disable|stop|mask).*apparmor",
        ),
        "AppArmor guards less",
    ),
    (_any(r"(curl|wget)\b[^|;]*\|\s*(sudo\s+)?(ba|da|z)?sh\b"), "a text of the network is run as root"),
    (
        _any(
            r"\bcurl\b.*\s(-[a-zA-Z]*k[a-zA-Z]*\b|--insecure)",
            r"--no-check-certificate",
            r"verify\s*=\s*False",
            r"_create_unverified_context",
            r"CERT_NONE",
            r"sslmode\W+(disable|allow|prefer|require)\b",
            r"tls_skip_verify",
        ),
        "a peer's certificate is no longer checked",
    ),
    (
        _any(
            r"trusted=yes",
            r"--allow-unauthenticated",
            r"--force-yes",
            r"AllowUnauthenticated",
            r"--no-gpg-check",
        ),
        "packages need no signature",
    ),
    (
        _any(
            r"--privileged\b",
            r"--(network|net|pid|ipc|uts|userns)[= ]host",
            r"--cap-add",
            r"docker\.sock",
            r"(seccomp|apparmor)=unconfined",
        ),
        "a container gets the machine's rights",
    ),
    (
        _any(r"(dockerd|DOCKER_OPTS|ExecStart=.*docker).*(-H|--host)[= ]?tcp:", r"tcp://0\.0\.0\.0"),
        "Docker takes orders from the network",
    ),
    (
        _any(
            r"\bnc\b.*\s-[a-z]*l",
            r"\bsocat\b.*LISTEN",
            r"^Listen(Stream|Datagram)=",
            r"\bhttp\.server\b",
            r"--listen[= ]0\.0\.0\.0",
        ),
        "the machine listens",
    ),
    (
        _any(r"ip_forward\s*=\s*1", r"kernel\.(unprivileged|yama|kptr|dmesg)\S*\s*=", r"\bsysctl\s+-w"),
        "the kernel's settings change",
    ),
    (
        _any(r"http-?[tT]okens\W+optional", r"modify-instance-metadata-options"),
        "the machine's credentials are easier to get",
    ),
    (
        _any(r"\bset\s+-[a-z]*x\b", r"\benv\s*\|\s*(logger|tee)", r"cat\b.*(secrets\.json|tunnel-token)"),
        "secrets may come into a log",
    ),
)
"""Of a line that is new."""

GUARDING: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        _any(
            r"169\.254\.169\.254.*(DROP|REJECT|drop|reject)", r"(DROP|REJECT|drop|reject).*169\.254\.169\.254"
        ),
        "nothing keeps containers from the machine's credentials",
    ),
    (
        _any(r"\bip6?tables\b.*(DROP|REJECT)", r"\bnft\b.*(drop|reject)", r"\bufw\s+(enable|deny)"),
        "the machine's packet filter refuses less",
    ),
    (
        _any(r"\bchmod\s+0?[0-7]00\b", r"\bumask\s+0?077\b", r"\b0o[0-7]00\b"),
        "rights of files are no longer narrowed",
    ),
    (
        _any(
            r"^(NoNewPrivileges|Protect\w+|Private\w+|Restrict\w+|CapabilityBoundingSet|SystemCallFilter)=",
            r"^(MemoryDenyWriteExecute|ReadOnlyPaths|InaccessiblePaths|User|DynamicUser|AppArmorProfile)=",
        ),
        "a unit loses a guard",
    ),
    (_any(r"\bchattr\s+\+i"), "a folder may be written to again"),
    (_any(r"sslmode\W+verify-(full|ca)", r"sslrootcert"), "the database's certificate is no longer checked"),
    (_any(r"PasswordAuthentication\s+no", r"PermitRootLogin\s+no"), "SSH no longer refuses logins"),
    (
        _any(r"Unattended-Upgrade\s+\W*1", r"\bunattended-upgrades\b"),
        "security updates no longer come by themselves",
    ),
    (_any(r"\bapparmor\b", r"\bseccomp\b"), "a guard of the machine goes"),
)
"""Of a line that is gone."""
