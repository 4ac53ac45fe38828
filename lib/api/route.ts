/** Which operation a method and path mean. A literal segment is stronger than a {parameter}; a path that two operations claim is a fault of ours. */
import { fault } from '#lib/errors/fault.ts';
import type { AnyOperation, Method } from './operation.ts';

export type Found = { readonly operation: AnyOperation; readonly parameters: Readonly<Record<string, string>> };
export type Route = Found | { readonly allowed: readonly Method[] } | null;

export type Router = (method: string, path: string) => Route;

export function createRouter(operations: readonly AnyOperation[]): Router {
  const candidates = operations.map((operation) => ({ operation, segments: operation.path.split('/').slice(1) }));
  refuseDoubles(operations);
  candidates.sort((a, b) => weight(b.segments) - weight(a.segments));
  return (method, path) => {
    const segments = decodeSegments(path);
    const fits = candidates.flatMap((candidate) => {
      const parameters = match(candidate.segments, segments);
      return parameters ? [{ operation: candidate.operation, parameters, weight: weight(candidate.segments) }] : [];
    });
    const found = fits.find(({ operation }) => operation.method === method);
    if (found) return { operation: found.operation, parameters: found.parameters };
    return fits.length > 0 ? { allowed: [...new Set(fits.map(({ operation }) => operation.method as Method))].sort() } : null;
  };
}

const isParameter = (segment: string) => segment.startsWith('{');
const weight = (segments: readonly string[]) => segments.reduce((sum, segment) => sum * 2 + (isParameter(segment) ? 0 : 1), 1);

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  if (pattern.length !== segments.length) return null;
  const parameters: [string, string][] = [];
  for (const [index, expected] of pattern.entries()) {
    const actual = segments[index] ?? '';
    if (isParameter(expected)) {
      if (actual === '') return null;
      parameters.push([expected.slice(1, -1), actual]);
    } else if (expected !== actual) return null;
  }
  return Object.fromEntries(parameters);
}

function decodeSegments(path: string): string[] {
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    throw fault('bad-input', 'api.bad-path', 'The path is not readable: a percent sign that begins no character.');
  }
}

function refuseDoubles(operations: readonly AnyOperation[]): void {
  const seen = new Map<string, string>();
  for (const { id, method, path } of operations) {
    for (const key of [id, `${method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`]) {
      const other = seen.get(key);
      if (other) throw new Error(`the operations ${other} and ${id} both claim ${key}`);
      seen.set(key, id);
    }
  }
}
