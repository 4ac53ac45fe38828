/**
 * The log. One JSON object a line on standard output; the supervisor turns it into readable text. It promises that what a person was told and
 * what an operator must know stand together under one code. It trusts its callers to hand over no secret, and keeps those out by name as a
 * last line. Its level is the one thing read from the environment beside the configuration, because it must speak before that is read.
 */
import pino from 'pino';
import { Fault } from '#lib/errors/fault.ts';

export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const secretNames = ['password', 'secret', 'token', 'kubeconfig', 'authorization', 'cookie', 'bindPassword', 'code'];

export function createLog(name: string): Log {
  return pino({
    name,
    level: process.env.GATEHOUSE_LOG_LEVEL ?? 'info',
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secretNames.flatMap((secret) => [secret, `*.${secret}`, `*.*.${secret}`]), censor: '[kept out]' },
    serializers: { err: describeError, error: describeError },
  });
}

function describeError(error: unknown): object {
  if (error instanceof Fault) return { fault: error.code, message: error.message, detail: error.detail };
  if (error instanceof Error) return { type: error.name, message: error.message, stack: error.stack };
  return { message: String(error) };
}
