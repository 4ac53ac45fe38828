'use client';
import { Command } from 'cmdk';
import { ChevronsUpDown } from 'lucide-react';
import { Popover } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { cn } from './cn.ts';

export type Option = { readonly id: string; readonly name: string; readonly detail?: ReactNode; readonly group?: string };

type Props = {
  id?: string;
  label: string;
  placeholder: string;
  value: Option | null;
  onChange: (option: Option) => void;
  /** Asked again while somebody types. */
  find: (text: string) => Promise<readonly Option[]>;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: boolean | undefined;
};

/** One of many, found by typing; what there is is asked of the server. */
export function Combobox({ label, placeholder, value, onChange, find, ...rest }: Props) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [found, setFound] = useState<readonly Option[] | null>(null);
  // The first is chosen as it comes, so that Enter takes what is shown first.
  const [chosen, setChosen] = useState('');
  useEffect(() => {
    if (!open) return;
    let wanted = true;
    const timer = setTimeout(
      async () => {
        const options = await find(text).catch(() => []);
        if (!wanted) return;
        setFound(options);
        setChosen(options[0]?.id ?? '');
      },
      text ? 120 : 0,
    );
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [open, text, find]);
  const headings = [...new Set((found ?? []).map(({ group }) => group ?? ''))];
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button"
          role="combobox"
          aria-expanded={open}
          aria-label={value ? `${label}: ${value.name}` : label}
          className="flex h-8 w-full items-center gap-2 rounded-md border border-edge/70 bg-bg px-2.5 text-left hover:border-edge aria-[invalid=true]:border-bad"
          {...rest}
        >
          <span className={cn('min-w-0 flex-1 truncate', !value && 'text-faint')}>{value?.name ?? placeholder}</span>
          {value?.detail ? <span className="truncate text-faint text-xs">{value.detail}</span> : null}
          <ChevronsUpDown aria-hidden className="size-3.5 shrink-0 text-faint" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          className="z-50 w-[max(var(--radix-popover-trigger-width),20rem)] max-w-[calc(100vw-2rem)] rounded-lg border border-line-strong bg-bg shadow-lift"
        >
          <Command shouldFilter={false} label={label} value={chosen} onValueChange={setChosen}>
            <Command.Input
              value={text}
              onValueChange={setText}
              placeholder="Type to search"
              className="h-9 w-full border-line border-b bg-transparent px-3 outline-none"
            />
            <Command.List className="max-h-72 overflow-y-auto p-1">
              {found?.length === 0 ? <Command.Empty className="px-2 py-3 text-soft">Nothing has this name.</Command.Empty> : null}
              {headings.map((heading) => (
                <Command.Group
                  key={heading}
                  heading={heading || undefined}
                  className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-faint [&_[cmdk-group-heading]]:text-xs"
                >
                  {(found ?? [])
                    .filter(({ group }) => (group ?? '') === heading)
                    .map((option) => (
                      <Command.Item
                        key={option.id}
                        value={option.id}
                        onSelect={() => {
                          onChange(option);
                          setOpen(false);
                        }}
                        className="flex min-h-8 cursor-pointer items-center gap-2 rounded-md px-2 py-1 data-[selected=true]:bg-sunk"
                      >
                        <span className="min-w-0 flex-1 truncate">{option.name}</span>
                        {option.detail ? <span className="max-w-[55%] truncate text-soft text-xs">{option.detail}</span> : null}
                      </Command.Item>
                    ))}
                </Command.Group>
              ))}
            </Command.List>
          </Command>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
