export { cacheDirectory } from '#lib/runtime/cache.ts';
export { lock, type Release, tryLock, withLock } from '#lib/runtime/lock.ts';
