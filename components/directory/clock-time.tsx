'use client';
import { useEffect, useState } from 'react';
import { exactTime } from '#components/ui/clock.ts';

/** A moment to the millisecond, in the viewer's zone: for receipts, where the milliseconds are the point. */
export function ClockTime({ at }: { at: string }) {
  const [here, setHere] = useState(false);
  useEffect(() => setHere(true), []);
  const moment = new Date(at);
  return (
    <time dateTime={at} title={here ? exactTime(moment) : at} className="whitespace-nowrap">
      {here
        ? `${day(moment)}${moment.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 })}`
        : at.slice(11, 23)}
    </time>
  );
}

function day(moment: Date): string {
  const today = moment.toDateString() === new Date().toDateString();
  return today ? 'today ' : `${moment.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}, `;
}
