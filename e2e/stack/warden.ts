export { createWarden, type ManagedProcess, type SpawnOptions, type Warden } from '#lib/runtime/warden.ts';
