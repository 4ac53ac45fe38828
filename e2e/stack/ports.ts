export { freePort } from '#lib/runtime/ports.ts';
