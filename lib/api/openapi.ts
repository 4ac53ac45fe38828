/** The OpenAPI 3.1 document, made from the same table that serves the requests: what is not in it does not exist. */
import { z } from 'zod';
import type { AnyOperation } from './operation.ts';
import { errorShape } from './schema.ts';

type Json = Record<string, unknown>;

const security = { none: [], session: [{ bearer: [] }, { session: [] }] };

export function openApiOf(operations: readonly AnyOperation[], serverUrl: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = paths[operation.path] ?? {};
    path[operation.method.toLowerCase()] = describe(operation);
    paths[operation.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse',
      version: 'v1',
      description:
        'Everything that a screen of the portal can do. Programs send an API token as “Authorization: Bearer …”; browsers send their session cookie and, for all but GET, the header “x-gatehouse-request: 1”.',
    },
    servers: [{ url: `${serverUrl}/api/v1` }],
    tags: [...new Set(operations.map(tagOf))].sort().map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API token: it belongs to a person and dies with the account.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'gatehouse.session',
          description: 'The portal session; “__Host-gatehouse.session” over https.',
        },
      },
      schemas: { Error: schemaOf(errorShape, 'output') },
      responses: {
        Error: { description: 'Refused or failed', content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
      },
    },
  };
}

const tagOf = ({ id }: AnyOperation) => id.split('.')[0] ?? id;

function describe(operation: AnyOperation): Json {
  const input = schemaOf(operation.input, 'input');
  const fields = (input.properties ?? {}) as Record<string, Json>;
  const required = new Set((input.required ?? []) as string[]);
  const inPath = new Set([...operation.path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name as string));
  const rest = Object.keys(fields).filter((name) => !inPath.has(name));
  const parameters = [
    ...[...inPath].map((name) => ({ name, in: 'path', required: true, schema: fields[name] ?? { type: 'string' } })),
    ...(operation.method === 'GET' ? rest.map((name) => ({ name, in: 'query', required: required.has(name), schema: fields[name] })) : []),
  ];
  return {
    operationId: operation.id,
    tags: [tagOf(operation)],
    summary: operation.summary,
    'x-gatehouse-allow': operation.allow,
    security: operation.allow === 'anyone' ? security.none : security.session,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(operation.method !== 'GET' && rest.length > 0 ? { requestBody: bodyOf(fields, rest, required) } : {}),
    responses: {
      [String(operation.status ?? 200)]: {
        description: operation.summary,
        content: operation.media
          ? { [operation.media.type]: { schema: { type: 'string' } } }
          : { 'application/json': { schema: schemaOf(operation.output, 'output') } },
      },
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

function bodyOf(fields: Record<string, Json>, names: readonly string[], required: ReadonlySet<string>): Json {
  const needed = names.filter((name) => required.has(name));
  const schema = {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, fields[name]])),
    ...(needed.length > 0 ? { required: needed } : {}),
    additionalProperties: false,
  };
  return { required: needed.length > 0, content: { 'application/json': { schema } } };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    reused: 'inline',
    override({ zodSchema, jsonSchema }) {
      if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
    },
  });
  return json as Json;
}
