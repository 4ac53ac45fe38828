'use client';
import { Monitor, Moon, Sun } from 'lucide-react';
import { useTheme } from 'next-themes';
import { Button } from '#components/ui/button.tsx';
import { Menu, MenuItem } from '#components/ui/menu.tsx';

export function ThemeMenu() {
  const { setTheme } = useTheme();
  return (
    <Menu
      trigger={
        <Button look="ghost" size="tiny" aria-label="Light or dark" title="Light or dark">
          <Sun aria-hidden className="dark:hidden" />
          <Moon aria-hidden className="hidden dark:block" />
        </Button>
      }
    >
      <MenuItem onSelect={() => setTheme('light')}>
        <Sun aria-hidden /> Light
      </MenuItem>
      <MenuItem onSelect={() => setTheme('dark')}>
        <Moon aria-hidden /> Dark
      </MenuItem>
      <MenuItem onSelect={() => setTheme('system')}>
        <Monitor aria-hidden /> As the system
      </MenuItem>
    </Menu>
  );
}
