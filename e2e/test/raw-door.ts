/** The door by a raw TLS socket: what no well-behaved client would send. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import type { DemoContract } from '#e2e/scene/contract.ts';

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

export function sendRaw(contract: DemoContract, lines: readonly string[], timeoutMs = 10_000): Promise<RawAnswer> {
  const url = new URL(contract.proxy.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname, port: Number(url.port), ca: readFileSync(contract.proxy.ca), servername: 'localhost' });
    let text = '';
    const finish = () => {
      const [head = '', body = ''] = text.split(/\r\n\r\n([\s\S]*)/);
      socket.destroy();
      resolve({ status: Number(head.match(/^HTTP\/1\.1 (\d{3})/)?.[1] ?? 0), head, body });
    };
    socket.setTimeout(timeoutMs, finish);
    socket.on('secureConnect', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
    });
    socket.on('end', finish);
    socket.on('close', finish);
    socket.on('error', (error) => (text === '' ? reject(error) : finish()));
  });
}

/** The token that a kubeconfig carries. */
export function tokenIn(kubeconfigFile: string): string {
  const token = readFileSync(kubeconfigFile, 'utf8').match(/token:\s*"?([^\s"]+)/)?.[1];
  if (!token) throw new Error(`no token in ${kubeconfigFile}`);
  return token;
}
