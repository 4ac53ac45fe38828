'use client';
import type { ComponentProps } from 'react';

type Props = Omit<ComponentProps<'form'>, 'onSubmit' | 'method' | 'action'> & { onSubmit: (form: FormData) => unknown };

/**
 * What our own script sends. By POST: submitted before the page is alive, a form would otherwise put what was typed, a password too, into the
 * address. The front refuses such a POST.
 */
export function Form({ onSubmit, ...rest }: Props) {
  return (
    <form
      {...rest}
      method="post"
      onSubmit={(event) => {
        event.preventDefault();
        void onSubmit(new FormData(event.currentTarget));
      }}
    />
  );
}
