"""A real SMTP server (aiosmtpd) for the tests, told by one JSON argument, telling by JSON lines.

Settings: tls ("none", "starttls", "implicit"), cert and key (PEM files), user and password (AUTH is then required),
replies ({"recipient or DATA": ["450 busy", "250 OK"]}, the last one is repeated). The first line out is
{"port": N}; then one line for each accepted mail, parsed by Python's email package.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

settings = json.loads(sys.argv[1])


def tell(record):
    print(json.dumps(record), flush=True)


class Handler:
    def __init__(self):
        self.replies = settings.get("replies", {})

    def reply(self, key):
        script = self.replies.get(key, ["250 OK"])
        return script.pop(0) if len(script) > 1 else script[0]

    async def handle_RCPT(self, server, session, envelope, address, options):
        reply = self.reply(address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server, session, envelope):
        reply = self.reply("DATA")
        if reply.startswith("2"):
            tell(self.record(session, envelope))
        return reply

    def record(self, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = [part.get_content_type() for part in mail.walk()]
        body = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
        return {
            "tls": session.ssl is not None or settings["tls"] == "implicit",
            "hello": session.host_name,
            "authenticated": session.authenticated,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "type": mail.get_content_type(),
            "parts": parts,
            "plain": body["plain"].get_content() if body["plain"] else None,
            "html": body["html"].get_content() if body["html"] else None,
            "defects": [str(defect) for defect in mail.defects],
        }


def authenticator(server, session, envelope, mechanism, data):
    good = (data.login.decode(), data.password.decode()) == (settings["user"], settings["password"])
    # With handled=False aiosmtpd answers 535 by itself.
    return AuthResult(success=good, handled=good)


async def main():
    context = None
    if settings["tls"] != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings["cert"], settings["key"])
    auth = "user" in settings
    options = {
        "tls_context": context if settings["tls"] == "starttls" else None,
        "authenticator": authenticator if auth else None,
        "auth_required": auth,
        "auth_require_tls": settings["tls"] == "starttls",
        "auth_exclude_mechanism": settings.get("without", []),
        "hostname": "mail.example.com",
    }
    handler = Handler()
    wrapped = context if settings["tls"] == "implicit" else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, **options), "127.0.0.1", 0, ssl=wrapped)
    tell({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
