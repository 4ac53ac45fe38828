import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const handedOut = new Set<number>();

/** A port that nobody listens on. Nothing reserves it: take it soon; within this process none is handed out twice. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const server = createServer();
    server.listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    return port;
  }
}
