/** What is sent to a cluster, as bytes. The steps have judged every part of it; what could still begin a second line or a second request ends here. */
import { brokenPromise } from '../answers.ts';
import type { Impersonated } from '../steps/impersonate.ts';
import { headerOf } from './answer-head.ts';

export type Call = Impersonated['call'];

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const breaksLine = /[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const path = /^\/[\x21-\x7e]*$/;

export function headOfCall({ method, path: target, headers }: Call): string {
  if (!token.test(method) || !path.test(target)) throw brokenPromise('a request line that is none');
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (!token.test(name) || breaksLine.test(value)) throw brokenPromise('a header line that is none');
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}

/** A read without a body may be sent once more where nothing of it can have been answered. */
export function isRepeatable({ method }: Call, body: unknown): boolean {
  return body === null && (method === 'GET' || method === 'HEAD');
}

export type BodyFraming = { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' };

export function bodyFramingOf({ headers }: Call): BodyFraming {
  const length = headerOf(headers, 'content-length');
  return length === '' ? { kind: 'chunked' } : { kind: 'length', bytes: Number(length) };
}
