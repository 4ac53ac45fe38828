'use client';
import { Menu as Lines, X } from 'lucide-react';
import { usePathname } from 'next/navigation';
import { Dialog } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Brand } from './brand.tsx';

/** On a phone the sidebar waits behind a button. */
export function PhoneNav({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const path = usePathname();
  // biome-ignore lint/correctness/useExhaustiveDependencies: arriving at another page closes it.
  useEffect(() => setOpen(false), [path]);
  return (
    <aside aria-label="Menu" className="flex h-12 items-center border-line border-b bg-panel px-3 md:hidden">
      <Dialog.Root open={open} onOpenChange={setOpen}>
        <Dialog.Trigger asChild>
          <Button look="ghost" size="icon" aria-label="Menu">
            <Lines aria-hidden />
          </Button>
        </Dialog.Trigger>
        <Dialog.Portal>
          <Dialog.Overlay className="fixed inset-0 z-40 bg-black/35" />
          <Dialog.Content
            aria-describedby={undefined}
            className="fixed inset-y-0 left-0 z-50 flex w-64 flex-col overflow-y-auto border-line border-r bg-panel px-2.5 py-3"
          >
            <div className="flex items-center justify-between pl-2">
              <Dialog.Title asChild>
                <span>
                  <Brand />
                </span>
              </Dialog.Title>
              <Dialog.Close asChild>
                <Button look="ghost" size="icon" aria-label="Close">
                  <X aria-hidden />
                </Button>
              </Dialog.Close>
            </div>
            {children}
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
      <Brand className="ml-2" />
    </aside>
  );
}
