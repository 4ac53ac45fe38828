'use client';
import { cloneElement, type ReactElement, type ReactNode, useId } from 'react';
import { cn } from './cn.ts';

type Control = { id?: string; 'aria-describedby'?: string | undefined; 'aria-invalid'?: boolean | undefined };

/** A label, its one control, what it means, and what is wrong with it. */
export function Field({
  label,
  hint,
  problem,
  children,
  className,
}: {
  label: ReactNode;
  hint?: ReactNode;
  problem?: string | undefined;
  children: ReactElement<Control>;
  className?: string;
}) {
  const id = useId();
  const said = [hint ? `${id}-hint` : '', problem ? `${id}-problem` : ''].filter(Boolean).join(' ');
  return (
    <div className={cn('grid content-start gap-1', className)}>
      <label htmlFor={id} className="font-medium text-sm">
        {label}
      </label>
      {cloneElement(children, { id, 'aria-describedby': said || undefined, 'aria-invalid': problem ? true : undefined })}
      {hint ? (
        <p id={`${id}-hint`} className="text-faint text-xs">
          {hint}
        </p>
      ) : null}
      {problem ? (
        <p id={`${id}-problem`} className="text-bad text-sm">
          {problem}
        </p>
      ) : null}
    </div>
  );
}

/** Several choices under one question. */
export function FieldSet({
  legend,
  hint,
  children,
  className,
}: {
  legend: ReactNode;
  hint?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <fieldset className={cn('grid gap-1.5', className)}>
      <legend className="mb-1 font-medium text-sm">{legend}</legend>
      {children}
      {hint ? <p className="text-faint text-xs">{hint}</p> : null}
    </fieldset>
  );
}

export function Choice({ children, hint }: { children: ReactNode; hint?: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children.
    <label className="flex min-h-6 items-start gap-2 [&>input]:mt-0.5">
      {children}
      {hint ? <span className="text-faint">{hint}</span> : null}
    </label>
  );
}
