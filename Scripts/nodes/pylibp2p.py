# SPDX-License-Identifier: Apache-2.0
"""py-libp2p 0.8.1 as a node on loopback, driven by JSON lines (see lines.py).

    peers py-libp2p [--port P] [--kad lan|wan] [--replies own|inline] [--key-type T]

Commands: id; connect {addr}; disconnect {peer}; peers; identify {peer}; ping {peer, count};
provide {cid}; findprovs {cid}; findpeer {peer}; put {base64}; has {cid}; fetch {cid, peer?};
get {cid, dest, peer?}; resolve {name, peer}; table; records.

Two things of the library are changed. Its DHT has one fixed protocol, where `--kad` chooses; and
it answers wants on the stream on which they came, where other programs do not look: `--replies own`
opens a stream for the answer, `inline` leaves the library as it is.
"""
import argparse
import base64
import importlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lines  # noqa: E402

output = lines.Output()

import trio  # noqa: E402
from libp2p import new_host  # noqa: E402
from libp2p.bitswap import (  # noqa: E402
    BitswapClient, MemoryBlockStore, CODEC_RAW, cid_to_text, compute_cid_v1, parse_cid)
from libp2p.bitswap.dag import MerkleDag  # noqa: E402
from libp2p.bitswap.provider_query import ProviderQueryManager  # noqa: E402
from libp2p.crypto import ed25519, rsa, secp256k1, x25519  # noqa: E402
from libp2p.host import ping  # noqa: E402
from libp2p.identity.identify import identify  # noqa: E402
from libp2p.identity.identify.pb.identify_pb2 import Identify  # noqa: E402
from libp2p.kad_dht.kad_dht import DHTMode, KadDHT  # noqa: E402
from libp2p.peer.id import ID  # noqa: E402
from libp2p.peer.peerinfo import info_from_p2p_addr  # noqa: E402
from libp2p.records.ipns import IPNSValidator  # noqa: E402
from libp2p.security.noise import transport as noise  # noqa: E402
from libp2p.stream_muxer.yamux import yamux  # noqa: E402
from libp2p.tools.anyio_service import background_trio_service  # noqa: E402
from libp2p.utils.varint import read_varint_prefixed_bytes_limited  # noqa: E402
from multiaddr import Multiaddr  # noqa: E402

PROTOCOLS = {"wan": "/ipfs/kad/1.0.0", "lan": "/ipfs/lan/kad/1.0.0"}
MESSAGE_LIMIT = 1 << 20


def make_key(kind):
    if kind == "rsa":
        return rsa.create_new_key_pair()
    return {"ed25519": ed25519, "secp256k1": secp256k1}[kind].create_new_key_pair(os.urandom(32))


class Node:
    def __init__(self, options):
        protocol = PROTOCOLS[options.kad]
        for name in ("kad_dht", "peer_routing", "provider_store", "value_store", "common"):
            importlib.import_module(f"libp2p.kad_dht.{name}").PROTOCOL_ID = protocol
        key = make_key(options.key_type)
        secure = noise.Transport(key, noise_privkey=x25519.create_new_key_pair().private_key)
        self.host = new_host(
            key_pair=key, sec_opt={noise.PROTOCOL_ID: secure},
            muxer_opt={yamux.PROTOCOL_ID: yamux.Yamux}, enable_mDNS=False, enable_upnp=False,
            bootstrap=None)
        self.id = self.host.get_id().to_base58()
        self.listen = Multiaddr(f"/ip4/127.0.0.1/tcp/{options.port}")
        self.dht = KadDHT(self.host, DHTMode.SERVER, enable_random_walk=False)
        # Ten records in ten seconds, as shipped, are too few for a test.
        self.dht._provider_rate_max = 100_000
        self.store = MemoryBlockStore()
        self.bitswap = BitswapClient(
            self.host, self.store, provider_query_manager=ProviderQueryManager(self.dht))
        if options.replies == "own":
            self.answer_on_own_stream()
        self.dag = MerkleDag(self.bitswap)

    def answer_on_own_stream(self):
        original = BitswapClient._send_wantlist_responses_inline

        async def answer(stream, peer, *rest):
            reply = await self.host.new_stream(peer, list(self.bitswap.supported_protocols))
            try:
                await original(self.bitswap, reply, peer, *rest)
            finally:
                await reply.close()
        self.bitswap._send_wantlist_responses_inline = answer

    def addresses(self):
        own = f"/p2p/{self.id}"
        return [str(address) if own in str(address) else f"{address}{own}"
                for address in self.host.get_addrs()]

    async def perform(self, command):
        method = getattr(self, "do_" + command["cmd"], None)
        if method is None:
            raise RuntimeError(f"no command {command['cmd']}")
        return await method(command)

    async def do_id(self, command):
        return {"peer": self.id, "addrs": self.addresses()}

    async def do_peers(self, command):
        return {"peers": [peer.to_base58() for peer in self.host.get_connected_peers()]}

    async def do_connect(self, command):
        info = info_from_p2p_addr(Multiaddr(command["addr"]))
        await self.host.connect(info)
        # Identify runs in the background, and only then is it known who serves the DHT.
        with trio.move_on_after(5):
            while not self.knows_protocols(info.peer_id):
                await trio.sleep(0.02)
        return {"table": bool(await self.dht.add_peer(info.peer_id))}

    def knows_protocols(self, peer):
        try:
            return bool(self.host.get_peerstore().get_protocols(peer))
        except Exception:  # the store raises for a peer that it does not know yet
            return False

    async def do_disconnect(self, command):
        await self.host.disconnect(ID.from_base58(command["peer"]))

    async def do_identify(self, command):
        stream = await self.host.new_stream(ID.from_base58(command["peer"]), [identify.ID])
        try:
            data = await read_varint_prefixed_bytes_limited(stream, MESSAGE_LIMIT)
        finally:
            await stream.close()
        message = Identify()
        message.ParseFromString(data)
        return {
            "agent": message.agent_version, "protocols": list(message.protocols),
            "listen": [str(Multiaddr(address)) for address in message.listen_addrs],
            "observed": str(Multiaddr(message.observed_addr)),
            "record": len(message.signedPeerRecord)}

    async def do_ping(self, command):
        stream = await self.host.new_stream(ID.from_base58(command["peer"]), [ping.ID])
        times = []
        try:
            for _ in range(command.get("count", 3)):
                start = trio.current_time()
                await ping.perform_ping_roundtrip(stream)
                times.append(trio.current_time() - start)
        finally:
            await stream.close()
        return {"seconds": times}

    async def do_provide(self, command):
        return {"sent": bool(await self.dht.provide(command["cid"]))}

    async def do_findprovs(self, command):
        found = await self.dht.find_providers(command["cid"], 20)
        return {"providers": [
            {"id": info.peer_id.to_base58(), "addrs": [str(address) for address in info.addrs]}
            for info in found]}

    async def do_findpeer(self, command):
        info = await self.dht.find_peer(ID.from_base58(command["peer"]))
        return {"addrs": [str(address) for address in info.addrs] if info else []}

    async def do_resolve(self, command):
        name = ID.from_base58(command["name"]).to_bytes()
        # The library's own look-up takes the name's text for its key.
        value = await self.dht.value_store._get_from_peer(self.peer(command), b"/ipns/" + name)
        if value is None:
            return {"value": None}
        record = IPNSValidator().validate_with_details(f"/ipns/{name.hex()}", value)
        return {"value": record.value.decode(), "sequence": record.sequence}

    async def do_table(self, command):
        return {"peers": [peer.to_base58() for peer in self.dht.routing_table.get_peer_ids()]}

    async def do_records(self, command):
        return {"count": len(self.dht.provider_store.providers)}

    async def do_put(self, command):
        data = base64.b64decode(command["base64"])
        cid = compute_cid_v1(data, codec=CODEC_RAW)
        await self.store.put_block(cid, data)
        return {"cid": cid_to_text(cid)}

    async def do_has(self, command):
        return {"has": await self.store.has_block(parse_cid(command["cid"]).buffer)}

    def peer(self, command):
        return ID.from_base58(command["peer"]) if "peer" in command else None

    async def do_fetch(self, command):
        session = self.bitswap.new_session()
        data = await session.get_block(command["cid"], self.peer(command), 30.0)
        return {"base64": base64.b64encode(data).decode()}

    async def do_get(self, command):
        data, _ = await self.dag.fetch_file(command["cid"], self.peer(command), timeout=60.0)
        with open(command["dest"], "wb") as file:
            file.write(data)
        return {"bytes": len(data)}

    async def answer(self, command):
        try:
            result = {"ok": True, **(await self.perform(command) or {})}
        except Exception as error:  # a driver must go on, whatever a command did
            result = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        output.send(id=command.get("id"), **result)

    async def run(self):
        async with self.host.run(listen_addrs=[self.listen]), trio.open_nursery() as nursery:
            nursery.start_soon(self.host.get_peerstore().start_cleanup_task, 60)
            self.bitswap.set_nursery(nursery)
            await self.bitswap.start()
            async with background_trio_service(self.dht):
                output.send(event="ready", id=self.id, addrs=self.addresses())
                async for line in input_lines():
                    command = lines.parse(line)
                    if command is None:
                        output.send(id=None, ok=False, error="no command")
                    elif command["cmd"] == "quit":
                        break
                    else:
                        nursery.start_soon(self.answer, command)
                output.send(event="bye")
                # The library does not end in good order while peers are connected.
                os._exit(0)


async def input_lines():
    stream, rest = trio.lowlevel.FdStream(os.dup(0)), b""
    async for chunk in stream:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--kad", choices=list(PROTOCOLS), default="lan")
    parser.add_argument("--replies", choices=["own", "inline"], default="own")
    parser.add_argument("--key-type", choices=["ed25519", "rsa", "secp256k1"], default="ed25519")
    trio.run(Node(parser.parse_args()).run)


main()
