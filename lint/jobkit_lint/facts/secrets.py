"""Names that hold a secret, by their words: a plain text search finds twice as many, and half of them are wrong."""

from __future__ import annotations

from jobkit_lint.facts.words import parts

# the words that a name must end with, and what it then holds
_ENDINGS: dict[tuple[str, ...], str] = {
    ("password",): "password",
    ("passwd",): "password",
    ("passphrase",): "passphrase",
    ("pwd",): "password",
    ("secret",): "secret",
    ("secret", "key"): "secret key",
    ("api", "key"): "key of an API",
    ("apikey",): "key of an API",
    ("access", "token"): "access token",
    ("refresh", "token"): "refresh token",
    ("auth", "token"): "access token",
    ("bearer", "token"): "access token",
    ("api", "token"): "access token",
    ("oauth", "token"): "access token",
    ("id", "token"): "token of an identity",
    ("private", "key"): "private key",
    ("signing", "key"): "private key",
    ("encryption", "key"): "private key",
    ("card", "number"): "card number",
    ("cc", "number"): "card number",
    ("cvv",): "card's check number",
    ("cvc",): "card's check number",
    ("ssn",): "social security number",
}
# a word after the others that changes nothing
_TAILS = frozenset({"value", "text", "plain", "plaintext", "raw", "str", "string", "clear"})
# a word in front that says that the value is no secret: a flag, an action, a digest
_HEADS = frozenset(
    {
        "has", "is", "use", "uses", "with", "no", "num", "reset", "change", "set", "send", "generate", "require",
        "requires", "validate", "check", "show", "hide", "ask", "force", "skip", "update", "rotate", "revoke",
        "encrypted", "hashed", "masked", "redacted", "signed", "public", "should", "allow", "disable", "enable",
        "forgot", "forgotten", "verify", "delete", "create", "count", "expired", "expire", "test", "fake", "dummy",
    }
)  # fmt: skip


def secret_in(name: str) -> str | None:
    """What kind of secret a value of this name is, in words, or None."""
    words = parts(name)
    while words and words[-1] in _TAILS:
        words.pop()
    if not words or words[0] in _HEADS:
        return None
    for length in (2, 1):
        found = _ENDINGS.get(tuple(words[-length:]))
        if found is not None:
            return found
    return None


def an(noun: str) -> str:
    """The noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
