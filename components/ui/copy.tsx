'use client';
import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { Button } from './button.tsx';
import { cn } from './cn.ts';

/** Copies a text; says so by its sign and to screen readers. */
export function CopyButton({ text, label = 'Copy', word }: { text: string; label?: string; word?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await writeToClipboard(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1600);
  };
  return (
    <>
      <Button look={word ? 'plain' : 'ghost'} size={word ? 'normal' : 'tiny'} aria-label={label} title={label} onClick={copy}>
        {copied ? <Check aria-hidden className="text-ok" /> : <Copy aria-hidden />}
        {word}
      </Button>
      <span role="status" className="sr-only">
        {copied ? 'Copied' : ''}
      </span>
    </>
  );
}

/** An id or a name that people carry elsewhere. */
export function Id({ text, className }: { text: string; className?: string }) {
  return (
    <span className={cn('inline-flex max-w-full items-center gap-0.5', className)}>
      <code className="truncate">{text}</code>
      <CopyButton text={text} label={`Copy ${text}`} />
    </span>
  );
}

async function writeToClipboard(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without https (a plain-http portal) browsers offer only the old way.
  const area = Object.assign(document.createElement('textarea'), { value: text });
  area.style.position = 'fixed';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
