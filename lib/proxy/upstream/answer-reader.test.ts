import { describe, expect, test } from 'vitest';
import { read } from './testing-answers.ts';

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

describe('an answer is read whole, however it comes in pieces', () => {
  test.each([
    ['a length', `${ok}Content-Length: 5\r\n\r\nhello`, 'hello', true],
    ['a length of nothing', `${ok}Content-Length: 0\r\n\r\n`, '', true],
    ['chunks', `${chunked}5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n`, 'hello world', true],
    ['chunks with trailers, which are dropped', `${chunked}005\r\nhello\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n`, 'hello', true],
    ['no length, up to the end of the connection', `${ok}\r\nhello`, 'hello', false],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello', false],
    ['Connection: close', `${ok}Connection: close\r\nContent-Length: 5\r\n\r\nhello`, 'hello', false],
    ['Connection: x, Close', `${ok}connection: x , Close\r\nContent-Length: 5\r\n\r\nhello`, 'hello', false],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', '', true],
    ['304 that tells the length of what it does not send', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', '', true],
    [
      'interim answers before it',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${ok}Content-Length: 2\r\n\r\nhi`,
      'hi',
      true,
    ],
    ['no reason', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi', 'hi', true],
  ])('%s', (_name, text, body, isReusable) => {
    for (const size of [1, 2, 3, 7, text.length]) {
      expect(read(text, { size })).toMatchObject({ malformed: null, isWhole: true, body, isReusable });
    }
  });

  test('an answer to HEAD has no body, whatever its length says', () => {
    expect(read(`${ok}Content-Length: 5\r\n\r\n`, { method: 'HEAD' })).toMatchObject({ isWhole: true, body: '', isReusable: true });
    expect(read(`${ok}Transfer-Encoding: chunked\r\n\r\n`, { method: 'HEAD' })).toMatchObject({ isWhole: true, body: '' });
  });

  test('names keep their spelling and order, values lose the space around them', () => {
    expect(read(`${ok}X-B: \t two words \t\r\nx-a:1\r\nX-B:\r\nContent-Length: 0\r\n\r\n`).head?.rawHeaders).toEqual([
      ...['X-B', 'two words', 'x-a', '1', 'X-B', '', 'Content-Length', '0'],
    ]);
  });

  test.each([
    ['a length not reached', `${ok}Content-Length: 6\r\n\r\nhello`],
    ['chunks without the last one', `${chunked}5\r\nhello\r\n`],
    ['half a last chunk', `${chunked}5\r\nhello\r\n0\r\n`],
    ['half a head', ok],
    ['nothing', ''],
    ['an interim answer alone', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('the end of the connection is no end of an answer: %s', (_name, text) => {
    expect(read(text)).toMatchObject({ malformed: null, isWhole: false, isReusable: false });
  });

  test.each([
    ['behind a length', `${ok}Content-Length: 5\r\n\r\nhello`],
    ['behind the last chunk', `${chunked}5\r\nhello\r\n0\r\n\r\n`],
    ['behind a 204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['behind a 304', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
  ])('what stands behind the end is never delivered and ends the socket: %s', (_name, text) => {
    const whole = read(text);
    const surplus = read(`${text}${ok}Content-Length: 6\r\n\r\nsecret`);
    expect(surplus).toMatchObject({ isWhole: true, body: whole.body, isReusable: false });
  });
});

describe('whatever could be read in two ways is thrown away', () => {
  const length = 'Content-Length: 5\r\n';
  const body = '\r\nhello';
  test.each([
    ['garbage', 'hello\r\n\r\n'],
    ['garbage without an end', 'SSH-2.0-x'],
    ['an older protocol', `HTTP/0.9 200 OK\r\n${length}${body}`],
    ['a newer protocol', `HTTP/2.0 200 OK\r\n${length}${body}`],
    ['a protocol in small letters', `http/1.1 200 OK\r\n${length}${body}`],
    ['a status of four digits', `HTTP/1.1 2000 OK\r\n${length}${body}`],
    ['a status of two digits', `HTTP/1.1 20 OK\r\n${length}${body}`],
    ['a status of 600', `HTTP/1.1 600 OK\r\n${length}${body}`],
    ['a status of 099', `HTTP/1.1 099 OK\r\n${length}${body}`],
    ['two spaces before the status', `HTTP/1.1  200 OK\r\n${length}${body}`],
    ['no space behind the status', `HTTP/1.1 200\r\n${length}${body}`],
    ['a line that is no header', `${ok}hello\r\n${length}${body}`],
    ['an empty name', `${ok}: a\r\n${length}${body}`],
    ['a space before the colon', `${ok}X-A : b\r\n${length}${body}`],
    ['a space in a name', `${ok}X A: b\r\n${length}${body}`],
    ['a folded line', `${ok}X-A: b\r\n c\r\n${length}${body}`],
    ['a folded line with a tab', `${ok}X-A: b\r\n\tc: d\r\n${length}${body}`],
    ['a folded first line', `${ok} X-A: b\r\n${length}${body}`],
    ['a control character in a value', `${ok}X-A: b\u0001c\r\n${length}${body}`],
    ['a NUL in a value', `${ok}X-A: b\u0000\r\n${length}${body}`],
    ['DEL in a value', `${ok}X-A: b\u007f\r\n${length}${body}`],
    ['a bare CR in a value', `${ok}X-A: b\rc: d\r\n${length}${body}`],
    ['a bare LF between lines', `${ok}X-A: b\n${length}${body}`],
    ['bare LF everywhere', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello\r\n\r\n'],
    ['a bare CR in the reason', `HTTP/1.1 200 O\rK\r\n${length}${body}`],
    ['a length twice', `${ok}${length}${length}${body}`],
    ['two lengths that differ', `${ok}${length}Content-Length: 6\r\n${body}`],
    ['a list of lengths', `${ok}Content-Length: 5, 5\r\n${body}`],
    ['a length with a sign', `${ok}Content-Length: +5\r\n${body}`],
    ['a negative length', `${ok}Content-Length: -5\r\n${body}`],
    ['a length in hexadecimal', `${ok}Content-Length: 0x5\r\n${body}`],
    ['a length with a fraction', `${ok}Content-Length: 5.0\r\n${body}`],
    ['a tab behind the length', `${ok}Content-Length: 5\t\r\n${body}`],
    ['a tab behind the coding', `${ok}Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n`],
    ['an empty length', `${ok}Content-Length: \r\n${body}`],
    ['a length beyond all numbers', `${ok}Content-Length: 99999999999999999999\r\n${body}`],
    ['a length and chunks together', `${ok}${length}Transfer-Encoding: chunked\r\n${body}`],
    ['chunks and a length together', `${ok}Transfer-Encoding: chunked\r\n${length}${body}`],
    ['chunks and a length together in an answer to HEAD', `${ok}Transfer-Encoding: chunked\r\n${length}\r\n`, 'HEAD'],
    ['another coding before chunked', `${ok}Transfer-Encoding: gzip, chunked\r\n${body}`],
    ['another coding alone', `${ok}Transfer-Encoding: gzip\r\n${body}`],
    ['chunked twice', `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n${body}`],
    ['chunked and something', `${ok}Transfer-Encoding: chunked;a\r\n${body}`],
    ['an empty coding', `${ok}Transfer-Encoding:\r\n${body}`],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a body in a 204', `HTTP/1.1 204 No Content\r\n${length}${body}`],
    ['chunks in a 204', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a body behind an interim answer', `HTTP/1.1 100 Continue\r\n${length}${body}`],
    ['interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17)],
    ['another protocol that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    ['a chunk without a size', `${chunked}\r\nhello\r\n`],
    ['a chunk size that is none', `${chunked}g\r\nhello\r\n`],
    ['a chunk size with 0x', `${chunked}0x5\r\nhello\r\n`],
    ['a chunk size with a sign', `${chunked}+5\r\nhello\r\n`],
    ['a space behind the chunk size', `${chunked}5 \r\nhello\r\n`],
    ['a space before the chunk size', `${chunked} 5\r\nhello\r\n`],
    ['a chunk size beyond all numbers', `${chunked}fffffffffffffffff\r\nhello\r\n`],
    ['a chunk size that ends in LF', `${chunked}5\nhello\r\n`],
    ['a chunk that ends in LF', `${chunked}5\r\nhello\n0\r\n\r\n`],
    ['a chunk longer than it says', `${chunked}4\r\nhello\r\n`],
    ['an extension with a control character', `${chunked}5;a=\u0001\r\nhello\r\n`],
    ['an extension that holds a line end', `${chunked}5;a="\n"\r\nhello\r\n`],
    ['an extension without end', `${chunked}5;${'a'.repeat(2_000)}`],
    ['many small chunks with long extensions', `${chunked}${`1;${'a'.repeat(500)}\r\nx\r\n`.repeat(40)}`],
    ['a trailer that is no header', `${chunked}0\r\nhello\r\n\r\n`],
    ['a folded trailer', `${chunked}0\r\nA: b\r\n c\r\n\r\n`],
    ['a trailer that says a length', `${chunked}0\r\nContent-Length: 3\r\n\r\n`],
    ['a trailer that says a coding', `${chunked}0\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['an interim answer that says it is the last', `HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n${ok}${length}${body}`],
    ['a trailer with a bare LF', `${chunked}0\r\nA: b\nC: d\r\n\r\n`],
    ['trailers without end', `${chunked}0\r\n${'A: b\r\n'.repeat(4_000)}`],
    ['a head without end', `${ok}${'A: b\r\n'.repeat(50_000)}`],
  ])('%s', (_name, text, method = 'GET') => {
    for (const size of text.length > 10_000 ? [16_384] : [1, 5, text.length]) {
      expect(read(text, { size, method })).toMatchObject({ isWhole: false, isReusable: false });
      expect(read(text, { size, method }).malformed).not.toBeNull();
    }
  });

  test('an upgrade that was asked for leaves every byte behind its head to the new protocol', () => {
    const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nfirst bytes\r\n\r\n';
    expect(read(text, { maySwitch: true, size: text.length })).toMatchObject({ switched: 'first bytes\r\n\r\n', isReusable: false });
  });
});
