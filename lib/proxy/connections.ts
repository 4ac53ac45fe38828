/**
 * How much of this door one address may hold, and how long anybody may take to say what they want. Counted from the bare connection on, for
 * a handshake that never ends costs as much as a head that never does. Most of an address' share is for connections on which somebody was
 * let in; strangers from there get an eighth of it, so that whoever has no credential cannot crowd out those who share the address.
 */
import type { Server } from 'node:https';
import { isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Limits {
  /** From the connection to the end of its TLS handshake. */
  readonly handshakeMs: number;
  /** From the first moment to the end of a head. */
  readonly headMs: number;
  /** From there to the end of the body. */
  readonly requestMs: number;
  readonly connectionsPerAddress: number;
}

export const defaultLimits: Limits = { handshakeMs: 10_000, headMs: 10_000, requestMs: 300_000, connectionsPerAddress: 16_384 };

export interface Connections {
  watch(server: Server): void;
  /** Somebody was let in on this connection. */
  known(socket: Duplex): void;
}

interface Held {
  isStranger: boolean;
  readonly share: { open: number; strangers: number };
}

export function createConnections({ connectionsPerAddress }: Pick<Limits, 'connectionsPerAddress'>): Connections {
  const strangersPerAddress = Math.max(1, Math.floor(connectionsPerAddress / 8));
  const shares = new Map<string, Held['share']>();
  /** By the peer's address and port, which the bare socket and the TLS socket on it have in common. */
  const byPeer = new Map<string, Held>();
  const bySocket = new WeakMap<Duplex, Held>();

  function arrived(socket: Socket): void {
    if (socket.remoteAddress === undefined) return;
    const address = shareholder(socket.remoteAddress);
    const share = shares.get(address) ?? { open: 0, strangers: 0 };
    if (share.open >= connectionsPerAddress || share.strangers >= strangersPerAddress) {
      socket.destroy();
      return;
    }
    shares.set(address, share);
    share.open += 1;
    share.strangers += 1;
    const held: Held = { isStranger: true, share };
    const peer = peerOf(socket);
    byPeer.set(peer, held);
    socket.once('close', () => {
      byPeer.delete(peer);
      share.open -= 1;
      if (held.isStranger) share.strangers -= 1;
      if (share.open === 0) shares.delete(address);
    });
  }

  return {
    watch(server) {
      server.on('connection', arrived);
      server.on('secureConnection', (socket) => {
        const held = byPeer.get(peerOf(socket));
        if (held) bySocket.set(socket, held);
      });
    },
    known(socket) {
      const held = bySocket.get(socket);
      if (!held?.isStranger) return;
      held.isStranger = false;
      held.share.strangers -= 1;
    },
  };
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Whoever has one IPv6 address has the 2^64 beside it. */
export function shareholder(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [before = '', after] = (plain.split('%')[0] ?? '').toLowerCase().split('::');
  const front = before === '' ? [] : before.split(':');
  const back = after ? after.split(':') : [];
  const gap = after === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0');
  return [...front, ...gap, ...back]
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':');
}
