/**
 * One LDAP connection, used once: it is opened, bound, asked, and after any doubt (a late answer, a reply we cannot read, a notice of
 * disconnection) it is destroyed and never mended. The library's own client reconnects unseen and unbound, cuts a late operation's siblings,
 * hides notifications until a search ends, and reports an unchanged attribute as an empty one; so only its message parts are used here.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  AbandonRequest,
  BindRequest,
  type Control,
  ExtendedRequest,
  type Filter,
  FilterParser,
  type Message,
  MessageParser,
  type MessageResponse,
  PagedResultsControl,
  SearchReference,
  SearchRequest,
  UnbindRequest,
} from 'ldapts';
import { DirSyncControl, DomainScopeControl, ExtendedDnControl, NotificationControl, ShowDeletedControl } from './controls.ts';
import type { RawEntry } from './entry.ts';
import { readEntryMessage } from './entry-reader.ts';
import { createFramer } from './framing.ts';
import { type Endpoint, openTcp, parseLdapUrl, secure, timedOut } from './transport.ts';

/** The server answered, and its answer was no. */
export class LdapRefusal extends Error {
  readonly status: number;

  constructor(operation: string, status: number, diagnostic: string) {
    super(`${operation} was refused with ${status}: ${diagnostic.replaceAll('\0', '')}`);
    this.name = 'LdapRefusal';
    this.status = status;
  }
}

/** No answer, half an answer, or one that proves nothing. */
export class LdapDoubt extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LdapDoubt';
  }
}

export interface Search {
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub';
  /** Text for our own fixed filters only; what holds a value from elsewhere is built, so that no byte of it can be syntax. */
  readonly filter: string | Filter;
  readonly attributes: readonly string[];
  /** Whether tombstones are found as well. */
  readonly deletedToo?: boolean | undefined;
  /** The longest silence within the search, not its whole length. */
  readonly timeoutMs?: number | undefined;
}

export interface DirSyncAnswer {
  readonly entries: RawEntry[];
  readonly cookie: Buffer;
  readonly more: boolean;
}

export interface LdapConnection {
  readonly endpoint: Endpoint;
  /** When the certificate that it showed ends. */
  readonly certificateUntil: Date | null;
  readonly closed: Promise<Error | null>;
  /** How often the server pointed at another one. None is ever followed: that would carry our password to a stranger. */
  readonly references: number;
  bind(dn: string, password: string): Promise<void>;
  search(search: Search): Promise<RawEntry[]>;
  /** Every page, each handed over as it came; throws unless the last page was really reached. */
  readAll(search: Search, onPage: (entries: RawEntry[]) => void | Promise<void>): Promise<void>;
  dirSync(search: Omit<Search, 'scope'>, flags: number, cookie: Buffer): Promise<DirSyncAnswer>;
  /** Calls `onChange` for each change below `base` until the connection ends. A hint only: it has no order and replays nothing. */
  notify(base: string, onChange: () => void): void;
  close(): void;
}

interface Page {
  readonly entries: RawEntry[];
  /** Of the page that follows. */
  readonly cookie: Buffer | null;
}

interface Pending {
  readonly message: Message;
  readonly onEntry: ((entry: RawEntry) => void) | null;
  readonly settle: (answer: MessageResponse) => void;
  readonly fail: (error: Error) => void;
  readonly touch: () => void;
}

const operationTimeoutMs = 5_000;
const pageSize = 1_000;
const startTlsOid = '1.3.6.1.4.1.1466.20037';
const success = 0;

/** `timeoutMs`: how long each step of opening, and each operation that does not say otherwise, may stay silent. */
export async function openConnection(endpoint: Endpoint, timeoutMs = operationTimeoutMs): Promise<LdapConnection> {
  const address = parseLdapUrl(endpoint.url);
  if (!address) throw new LdapDoubt(`${endpoint.url} is no LDAP address`);
  const socket = await openTcp(address, timeoutMs, endpoint.dnsServers);
  if (address.startTls) await startTls(socket, timeoutMs);
  return speak(await secure(socket, endpoint, address, timeoutMs), endpoint, timeoutMs);
}

async function startTls(socket: Socket, timeoutMs: number): Promise<void> {
  const wire = createWire(socket);
  const answer = await wire.ask(new ExtendedRequest({ messageId: 0, oid: startTlsOid }), { timeoutMs });
  wire.release();
  if (answer.status !== success) throw new LdapRefusal('StartTLS', answer.status, answer.errorMessage);
}

function speak(socket: TLSSocket, endpoint: Endpoint, patienceMs: number): LdapConnection {
  const wire = createWire(socket);
  let bound = false;

  async function search(
    { base, scope, filter, attributes, timeoutMs = patienceMs }: Search,
    controls: Control[],
    onEntry: (entry: RawEntry) => void,
  ): Promise<MessageResponse> {
    if (!bound) throw new LdapDoubt('a search was asked of a connection that is not signed in');
    const request = new SearchRequest({
      messageId: 0,
      baseDN: base,
      scope,
      filter: typeof filter === 'string' ? FilterParser.parseString(filter) : filter,
      attributes: [...attributes],
      timeLimit: Math.ceil(timeoutMs / 1_000) * 4,
      controls: [...controls, new DomainScopeControl()],
    });
    const answer = await wire.ask(request, { timeoutMs, onEntry });
    if (answer.status !== success) throw new LdapRefusal('a search', answer.status, answer.errorMessage);
    return answer;
  }

  async function readPage(request: Search, after: Buffer | null): Promise<Page> {
    const entries: RawEntry[] = [];
    const paging = new PagedResultsControl({ value: { size: pageSize, ...(after ? { cookie: after } : {}) } });
    const answer = await search(request, [paging, new ExtendedDnControl()], (entry) => entries.push(entry));
    const next = answer.controls?.find((control) => control instanceof PagedResultsControl)?.value;
    if (!next) throw new LdapDoubt('a page came without saying whether another follows');
    return { entries, cookie: next.cookie && next.cookie.length > 0 ? next.cookie : null };
  }

  return {
    endpoint,
    certificateUntil: endOf(socket),
    closed: wire.closed,
    get references() {
      return wire.references();
    },
    async bind(dn, password) {
      // A bind without a name or a password succeeds as nobody; a name that is a SASL mechanism would be taken as one.
      if (dn === '' || password === '' || password.includes('\0')) throw new LdapDoubt('a bind without a name or a password is never sent');
      bound = false;
      const answer = await wire.ask(new BindRequest({ messageId: 0, dn, password }), { timeoutMs: patienceMs });
      if (answer.status !== success) throw new LdapRefusal('a bind', answer.status, answer.errorMessage);
      bound = true;
    },
    async search(request) {
      const entries: RawEntry[] = [];
      const controls: Control[] = request.base === '' ? [] : [new ExtendedDnControl()];
      if (request.deletedToo) controls.push(new ShowDeletedControl());
      await search(request, controls, (entry) => entries.push(entry));
      return entries;
    },
    async readAll(request, onPage) {
      let page: Promise<Page> | null = readPage(request, null);
      while (page) {
        const { entries, cookie }: Page = await page;
        // Asked for before this one is gone through: so both sides have something to do.
        page = cookie && readPage(request, cookie);
        // Should this page's reader throw, nobody will hear what became of the next.
        page?.catch(() => {});
        await onPage(entries);
      }
    },
    async dirSync(request, flags, cookie) {
      const entries: RawEntry[] = [];
      const control = new DirSyncControl(flags, cookie);
      await search({ ...request, scope: 'sub' }, [control, new ExtendedDnControl()], (entry) => entries.push(entry));
      if (!control.nextCookie || control.nextCookie.length === 0) throw new LdapDoubt('changes came without a new cookie');
      return { entries, cookie: control.nextCookie, more: control.more };
    },
    notify(base, onChange) {
      const request = new SearchRequest({
        messageId: 0,
        baseDN: base,
        scope: 'sub',
        filter: FilterParser.parseString('(objectClass=*)'),
        attributes: ['uSNChanged'],
        timeLimit: 0,
        controls: [new NotificationControl()],
      });
      wire.ask(request, { timeoutMs: null, onEntry: onChange }).catch(() => {});
    },
    close() {
      wire.end();
    },
  };
}

function endOf(socket: TLSSocket): Date | null {
  const end = new Date(socket.getPeerCertificate().valid_to ?? '');
  return Number.isNaN(end.getTime()) ? null : end;
}

interface AskOptions {
  /** Null: it may stay unanswered for ever (a notification). */
  readonly timeoutMs: number | null;
  readonly onEntry?: ((entry: RawEntry) => void) | undefined;
}

function createWire(socket: Socket | TLSSocket) {
  const pending = new Map<string, Pending>();
  const parser = new MessageParser();
  let lastId = 0;
  let references = 0;
  let ended: Error | null = null;
  let announceClosed: (reason: Error | null) => void = () => {};
  const closed = new Promise<Error | null>((resolve) => {
    announceClosed = resolve;
  });

  function fail(reason: Error): void {
    ended ??= reason;
    socket.destroy();
    for (const waiting of pending.values()) waiting.fail(ended);
    pending.clear();
    announceClosed(ended);
  }

  const framer = createFramer((message) => {
    const read = readEntryMessage(message);
    if (!read) return parser.read(message, pending);
    const waiting = pending.get(String(read.messageId));
    waiting?.touch();
    waiting?.onEntry?.(read.entry);
  });
  const onData = (chunk: Buffer) => {
    try {
      framer.push(chunk);
    } catch (error) {
      fail(new LdapDoubt('the domain controller said something that is not LDAP', error));
    }
  };
  const onError = (error: Error) => fail(error);
  const onClose = () => fail(new LdapDoubt('the domain controller closed the connection'));
  socket.on('data', onData);
  socket.on('error', onError);
  socket.on('close', onClose);
  parser.on('error', (error) => fail(new LdapDoubt('a reply could not be read', error)));
  parser.on('message', (message) => {
    const waiting = pending.get(String(message.messageId));
    if (!waiting) {
      if (message.messageId === 0) fail(new LdapDoubt('the domain controller announced that it disconnects'));
      return;
    }
    waiting.touch();
    if (message instanceof SearchReference) references += 1;
    else waiting.settle(message);
  });

  return {
    closed,
    references: () => references,
    ask(message: Message, { timeoutMs, onEntry }: AskOptions): Promise<MessageResponse> {
      if (ended) return Promise.reject(ended);
      lastId += 1;
      message.messageId = lastId;
      const key = String(lastId);
      return new Promise((resolve, reject) => {
        const late = () => fail(timedOut(`no answer from the domain controller within ${timeoutMs} ms`));
        const timer = timeoutMs === null ? null : setTimeout(late, timeoutMs);
        const done = () => {
          if (timer) clearTimeout(timer);
          pending.delete(key);
        };
        pending.set(key, {
          message,
          onEntry: onEntry ?? null,
          touch: () => timer?.refresh(),
          settle: (answer) => {
            done();
            resolve(answer);
          },
          fail: (error) => {
            done();
            reject(error);
          },
        });
        socket.write(message.write());
      });
    },
    /** Hands the socket back without closing it, for TLS to take over. */
    release() {
      socket.off('data', onData);
      socket.off('error', onError);
      socket.off('close', onClose);
    },
    end() {
      if (ended) return;
      for (const [key, { message }] of pending) {
        if (message instanceof SearchRequest) socket.write(new AbandonRequest({ messageId: ++lastId, abandonId: Number(key) }).write());
      }
      socket.write(new UnbindRequest({ messageId: ++lastId }).write());
      ended = new LdapDoubt('the connection was closed by us');
      for (const waiting of pending.values()) waiting.fail(ended);
      pending.clear();
      socket.end();
      // A peer that never answers our FIN must not keep the socket.
      setTimeout(() => socket.destroy(), 1_000).unref();
      announceClosed(null);
    },
  };
}
