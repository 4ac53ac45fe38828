/**
 * For tests alone: a server that answers searches as a script says, for what a real domain controller cannot be made to do (a page cut in
 * half, an answer that never ends, ranges of members). It speaks TLS with a certificate made on the spot, counts who signs in and how, and lets
 * everybody in unless its script says otherwise.
 */
import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import { BerReader, BerWriter, PagedResultsControl, SearchRequest } from 'ldapts';
import { type Authority, createAuthority, issue } from '#e2e/stack/certificates.ts';
import { createFramer } from './framing.ts';
import type { Endpoint } from './transport.ts';

export interface ScriptedEntry {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly (string | Buffer)[]>>;
}

export interface Asked {
  readonly base: string;
  /** In lower case. */
  readonly attributes: readonly string[];
  /** What the client gave back to get its next page; null in a search without pages. */
  readonly page: string | null;
  /** Of a search for changes: its flags, how much it lets the answer hold, and since when; null in any other. */
  readonly changesSince: { readonly flags: number; readonly maxBytes: number; readonly cookie: string } | null;
  /** The whole request, as it was on the wire. */
  readonly bytes: Buffer;
}

export interface Answer {
  readonly entries?: readonly ScriptedEntry[];
  readonly references?: readonly string[];
  readonly status?: number;
  /** The server's own, beside the status. */
  readonly words?: string;
  /** The cookie of the next page; '' for the last one; undefined leaves the control out. */
  readonly nextPage?: string;
  /** Of an answer to a search for changes: where it stands now, and whether the answer had no room for all. */
  readonly changes?: { readonly cookie: string; readonly more?: boolean };
  /** After the entries, instead of an end. */
  readonly ending?: 'silence' | 'hang-up' | 'garbage' | 'notice-of-disconnection';
}

export interface Bind {
  readonly dn: string;
  readonly password: string;
  /** Null: by name and password. */
  readonly saslMechanism: string | null;
}

export type BindResult = { readonly status: number; readonly words?: string } | 'silence';

export interface ScriptedOptions {
  /** The result of a bind, or no answer at all. */
  readonly onBind?: ((bind: Bind) => BindResult) | undefined;
  /** Of its certificate; without an authority of one's own a new one signs it. */
  readonly authority?: Authority | undefined;
  readonly until?: Date | undefined;
  readonly ips?: readonly string[] | undefined;
}

export interface ScriptedServer {
  readonly endpoint: Endpoint;
  readonly binds: Bind[];
  readonly asked: Asked[];
  stop(): Promise<void>;
}

const tags = {
  bind: 0x60,
  bindDone: 0x61,
  search: 0x63,
  entry: 0x64,
  done: 0x65,
  reference: 0x73,
  extendedDone: 0x78,
  controls: 0xa0,
} as const;
const octetString = 0x04;
const simpleAuthentication = 0x80;
const booleanTag = 0x01;
const pagedResults = '1.2.840.113556.1.4.319';
const dirSync = '1.2.840.113556.1.4.841';

const everybodyMayIn = (): BindResult => ({ status: 0 });

export async function startScriptedServer(script: (asked: Asked) => Answer, options: ScriptedOptions = {}): Promise<ScriptedServer> {
  const { onBind = everybodyMayIn, ips = ['127.0.0.1'], until } = options;
  const authority = options.authority ?? (await createAuthority('scripted directory'));
  const { certPem, keyPem } = await issue(authority, {
    commonName: 'scripted',
    dns: ['dc.scripted.example'],
    ips: [...ips],
    server: true,
    ...(until ? { until } : {}),
  });
  const binds: ScriptedServer['binds'] = [];
  const asked: Asked[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer({ key: keyPem, cert: certPem }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    const framer = createFramer((message) => respond(socket, message));
    socket.on('data', (chunk) => framer.push(chunk));
  });

  function respond(socket: TLSSocket, bytes: Buffer): void {
    const reader = new BerReader(bytes);
    reader.readSequence();
    const messageId = reader.readInt() ?? 0;
    const operation = reader.readSequence();
    if (operation === tags.bind) {
      const bind = readBind(reader);
      binds.push(bind);
      const result = onBind(bind);
      if (result !== 'silence') socket.write(doneMessage(messageId, tags.bindDone, result.status, undefined, result.words));
    } else if (operation === tags.search) {
      answer(socket, messageId, reader, bytes);
    }
  }

  function answer(socket: TLSSocket, messageId: number, reader: BerReader, bytes: Buffer): void {
    const request = new SearchRequest({ messageId, filter: undefined as never });
    request.parse(reader, []);
    const page = request.controls?.find((control) => control instanceof PagedResultsControl)?.value?.cookie?.toString();
    const question = { base: request.baseDN, attributes: request.attributes, page: page ?? null, changesSince: readDirSync(bytes), bytes };
    asked.push(question);
    const { entries = [], references = [], status = 0, nextPage, changes, words, ending } = script(question);
    for (const entry of entries) socket.write(entryMessage(messageId, entry));
    for (const reference of references) socket.write(referenceMessage(messageId, reference));
    if (ending === 'hang-up') socket.destroy();
    else if (ending === 'garbage') socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    else if (ending === 'notice-of-disconnection') socket.write(doneMessage(0, tags.extendedDone, 52));
    else if (ending !== 'silence') socket.write(doneMessage(messageId, tags.done, status, controlOf(nextPage, changes), words));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    endpoint: { url: `ldaps://127.0.0.1:${port}`, caPem: authority.certPem },
    binds,
    asked,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function readBind(reader: BerReader): Bind {
  reader.readInt();
  const dn = reader.readString() ?? '';
  if (reader.peek() === simpleAuthentication) return { dn, password: reader.readString(simpleAuthentication) ?? '', saslMechanism: null };
  reader.readSequence();
  return { dn, password: '', saslMechanism: reader.readString() ?? '' };
}

function message(messageId: number, write: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(messageId);
  write(writer);
  writer.endSequence();
  return writer.buffer;
}

function entryMessage(messageId: number, { dn, attributes }: ScriptedEntry): Buffer {
  return message(messageId, (writer) => {
    writer.startSequence(tags.entry);
    writer.writeString(dn);
    writer.startSequence();
    for (const [type, values] of Object.entries(attributes)) {
      writer.startSequence();
      writer.writeString(type);
      writer.startSequence(0x31);
      for (const value of values) writer.writeBuffer(Buffer.from(value), octetString);
      writer.endSequence();
      writer.endSequence();
    }
    writer.endSequence();
    writer.endSequence();
  });
}

function referenceMessage(messageId: number, url: string): Buffer {
  return message(messageId, (writer) => {
    writer.startSequence(tags.reference);
    writer.writeString(url);
    writer.endSequence();
  });
}

interface ResponseControl {
  readonly type: string;
  readonly value: Buffer;
}

function controlOf(nextPage: Answer['nextPage'], changes: Answer['changes']): ResponseControl | undefined {
  if (nextPage === undefined && changes === undefined) return undefined;
  const value = new BerWriter();
  value.startSequence();
  value.writeInt(changes?.more ? 1 : 0);
  if (changes) value.writeInt(0);
  value.writeBuffer(Buffer.from(changes?.cookie ?? nextPage ?? ''), octetString);
  value.endSequence();
  return { type: changes ? dirSync : pagedResults, value: value.buffer };
}

/** The library reads no such control in a request, so it is looked for. */
function readDirSync(bytes: Buffer): Asked['changesSince'] {
  const at = bytes.indexOf(dirSync);
  if (at < 0) return null;
  const control = new BerReader(bytes.subarray(at - 2));
  control.readString();
  if (control.peek() === booleanTag) control.readBoolean();
  const value = new BerReader(Buffer.from(control.readString(octetString, true) ?? []));
  value.readSequence();
  const [flags, maxBytes] = [value.readInt() ?? 0, value.readInt() ?? 0];
  return { flags, maxBytes, cookie: value.readString() ?? '' };
}

function doneMessage(messageId: number, tag: number, status: number, control?: ResponseControl, words = ''): Buffer {
  return message(messageId, (writer) => {
    writer.startSequence(tag);
    writer.writeEnumeration(status);
    writer.writeString('');
    writer.writeString(words);
    writer.endSequence();
    if (!control) return;
    writer.startSequence(tags.controls);
    writer.startSequence();
    writer.writeString(control.type);
    writer.writeBuffer(control.value, octetString);
    writer.endSequence();
    writer.endSequence();
  });
}
