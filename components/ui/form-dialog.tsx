'use client';
import { type ReactNode, useState } from 'react';
import { Button } from './button.tsx';
import { Dialog, DialogActions } from './dialog.tsx';

type Props = {
  trigger: string;
  title: string;
  description?: ReactNode;
  wide?: boolean;
  act: string;
  /** What the button says while it is being done. */
  acting: string;
  busy: boolean;
  /** What is chosen so far does not suffice. */
  incomplete?: boolean;
  /** Whatever stood there from the last time is forgotten. */
  onOpen: () => void;
  /** True = done, and the dialog closes. */
  onSubmit: (form: FormData) => Promise<boolean>;
  children: ReactNode;
};

/** A small button that opens a form; it stays open until what was asked for is done. */
export function FormDialog({
  trigger,
  title,
  description,
  wide = false,
  act,
  acting,
  busy,
  incomplete = false,
  onOpen,
  onSubmit,
  children,
}: Props) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        size="small"
        onClick={() => {
          onOpen();
          setOpen(true);
        }}
      >
        {trigger}
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title={title} description={description} wide={wide}>
        <form
          className="grid gap-3"
          onSubmit={async (event) => {
            event.preventDefault();
            if (await onSubmit(new FormData(event.currentTarget))) setOpen(false);
          }}
        >
          {children}
          <DialogActions>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button type="submit" look="primary" disabled={busy || incomplete}>
              {busy ? acting : act}
            </Button>
          </DialogActions>
        </form>
      </Dialog>
    </>
  );
}
