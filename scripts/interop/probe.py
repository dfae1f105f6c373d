"""What interop.mjs asks of the original side in its own language. Imports the originals at run time, holds none of them.

modules                   names of missing modules, as a JSON list
relay CORE HOST PORT      the unmodified SummonerServer (its run() takes host and port only as arguments)
watch DB [DB ...]         a JSON line {db: {"roles": [...], "nonces": [...]}} at the start and whenever a row changes
key AGENT NAME KX_B64     the original's public keys, and the session key it holds with that X25519 key:
                          `prefix` (first 8 bytes, as its log prints it), `fingerprint` (first 8 hex of SHA-256)
"""
import base64
import hashlib
import importlib.util
import json
import os
import sqlite3
import sys
import time

POLL_SECONDS = 0.05


def modules():
    wanted = ["aiosqlite", "cryptography"]
    if sys.version_info < (3, 13):
        wanted.append("typing_extensions")
    missing = [name for name in wanted if importlib.util.find_spec(name) is None]
    if "typing_extensions" in wanted and "typing_extensions" not in missing:
        import typing_extensions
        if not hasattr(typing_extensions, "deprecated"):  # came with 4.5
            missing.append("typing_extensions>=4.5")
    print(json.dumps(missing))


def relay(core, host, port):
    sys.path.insert(0, core)
    from summoner.server import SummonerServer
    config = {"logger": {"log_level": "INFO", "enable_console_log": True}}
    SummonerServer(name="interop").run(host=host, port=int(port), config_dict=config)


def read(path):
    if not os.path.exists(path):
        return None
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)
    connection.row_factory = sqlite3.Row
    try:
        roles = [dict(row) for row in connection.execute("SELECT * FROM role_state ORDER BY id")]
        counted = "SELECT role, peer_id, flow, COUNT(*) AS count FROM nonce_event GROUP BY role, peer_id, flow"
        return {"roles": roles, "nonces": [dict(row) for row in connection.execute(counted)]}
    except sqlite3.OperationalError:  # locked, or its tables are not made yet
        return None
    finally:
        connection.close()


def watch(*paths):
    last = None
    parent = os.getppid()
    while os.getppid() == parent:
        text = json.dumps({path: read(path) for path in paths})
        if text != last:
            print(text, flush=True)
            last = text
        time.sleep(POLL_SECONDS)


def key(agent, name, kx_b64):
    sys.dont_write_bytecode = True
    sys.path.insert(0, agent)
    import crypto_utils
    path = os.path.join(agent, f"id_agent_{name}.json")
    my_id, kx, sign, kx_pub, sign_pub = crypto_utils.load_identity_json_encrypted(path, f"my_id_pw_{name}".encode())
    shared = crypto_utils.derive_symmetric_key(kx, kx_b64)
    print(json.dumps({
        "my_id": my_id,
        "kx_pub_b64": kx_pub,
        "sign_pub_b64": sign_pub,
        "prefix": shared[:8].hex(),
        "fingerprint": hashlib.sha256(shared).hexdigest()[:8],
        "kx_pub_hex": base64.b64decode(kx_pub).hex(),
    }))


if __name__ == "__main__":
    {"modules": modules, "relay": relay, "watch": watch, "key": key}[sys.argv[1]](*sys.argv[2:])
