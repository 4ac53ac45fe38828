'use client';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { exactTime, relativeTime } from './clock.ts';

// One clock for all times on a page: a thousand rows are one timer.
let tick = 0;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    tick += 1;
    for (const each of listeners) each();
  }, 5_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** A moment: relative, with the exact one in the viewer's own zone in the title. */
export function Time({ at, exact }: { at: string; exact?: boolean }) {
  useSyncExternalStore(
    listen,
    () => tick,
    () => 0,
  );
  // The server knows neither the viewer's zone nor their clock: both are said once the browser has the page.
  const [here, setHere] = useState(false);
  useEffect(() => setHere(true), []);
  const moment = new Date(at);
  return (
    <time dateTime={at} title={here ? exactTime(moment) : at} suppressHydrationWarning className="whitespace-nowrap">
      {exact ? (here ? exactTime(moment) : at.replace('T', ' ').replace('Z', ' UTC')) : relativeTime(moment, new Date())}
    </time>
  );
}
