export type { World, WorldRows } from './types.ts';
