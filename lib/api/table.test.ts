import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openApiOf } from './openapi.ts';
import { operations } from './table.ts';

type Json = Record<string, unknown>;
const document = openApiOf(operations, 'http://127.0.0.1:3000') as {
  openapi: string;
  paths: Record<string, Record<string, Json>>;
  components: Json;
};

describe('the table of operations', () => {
  test('gates each operation, and leaves only these to whoever is not signed in', () => {
    for (const { id, allow } of operations)
      expect([id, ['anyone', 'setup', 'person', 'auditor', 'admin']]).toEqual([id, expect.arrayContaining([allow])]);
    const open = operations.filter(({ allow }) => allow === 'anyone').map(({ id }) => id);
    expect(open.sort()).toEqual(
      [
        'api.document',
        'breakGlass.available',
        'breakGlass.signIn',
        'clusters.join',
        'clusters.joinManifest',
        'setup.claim',
        'setup.state',
      ].filter((id) => open.includes(id)),
    );
    const duringSetup = operations.filter(({ allow }) => allow === 'setup').map(({ id }) => id);
    expect(duringSetup.sort()).toEqual([
      'clusters.inspect',
      'clusters.invitation',
      'clusters.invite',
      'clusters.register',
      'directory.connect',
      'directory.test',
      'setup.chooseAdmins',
      'setup.groups',
    ]);
  });

  test('changes nothing by GET', () => {
    for (const { id, method } of operations) {
      const writes =
        /\.(create|update|delete|remove|end|revoke|cutOff|liftCut|connect|register|invite|grant|rename|issue|claim)[A-Z]?/.test(id);
      if (writes) expect([id, method]).not.toEqual([id, 'GET']);
    }
  });

  test('names each path parameter in the input', () => {
    for (const { id, path, input } of operations) {
      for (const [, name] of path.matchAll(/\{([^}]*)\}/g))
        expect([id, Object.keys(input.shape)]).toEqual([id, expect.arrayContaining([name])]);
    }
  });
});

describe('the OpenAPI document', () => {
  test('is 3.1 and lists every operation with its answer and its errors', () => {
    expect(document.openapi).toBe('3.1.0');
    const listed = Object.values(document.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
    expect(listed.sort()).toEqual(operations.map(({ id }) => id).sort());
    for (const { path, method, status = 200 } of operations) {
      const responses = document.paths[path]?.[method.toLowerCase()]?.responses as Json;
      expect(Object.keys(responses)).toEqual([String(status), 'default']);
    }
  });

  test('holds schemas that are themselves valid, and no reference that leads nowhere', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference as string);
    for (const reference of references) {
      const target = reference
        .slice(2)
        .split('/')
        .reduce<unknown>((at, step) => (at as Json | undefined)?.[step], document);
      expect([reference, target === undefined]).toEqual([reference, false]);
    }
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const { parameters = [] } of Object.values(methods) as { parameters?: { name: string; in: string; schema: unknown }[] }[]) {
        for (const parameter of parameters) {
          expect([path, parameter.name, parameter.schema]).toEqual([path, parameter.name, expect.any(Object)]);
          if (parameter.in === 'path') expect(path).toContain(`{${parameter.name}}`);
        }
      }
    }
  });

  test('is made of schemas that zod can say in JSON', () => {
    for (const { id, output } of operations)
      expect(() => z.toJSONSchema(output, { io: 'output', unrepresentable: 'any' }), id).not.toThrow();
  });
});
