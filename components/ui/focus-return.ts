'use client';
import { useRef } from 'react';

/**
 * Where focus goes with a dialog: into its first field, and when it closes back to what opened it, or, if that is gone by then (the row
 * that was removed), to the page. Radix returns it to a trigger of its own only, and ours are opened by state. A field with `autoFocus`
 * would take the focus before anybody could see where it was.
 */
export function useFocusReturn() {
  const opener = useRef<Element | null>(null);
  return {
    onOpenAutoFocus: (event: Event) => {
      opener.current = document.activeElement;
      const field =
        event.target instanceof HTMLElement ? event.target.querySelector<HTMLElement>('input, select, textarea, [role="combobox"]') : null;
      if (!field) return;
      event.preventDefault();
      field.focus();
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault();
      const target = opener.current instanceof HTMLElement && opener.current.isConnected ? opener.current : document.getElementById('main');
      target?.focus();
    },
  };
}
