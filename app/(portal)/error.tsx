'use client';
export { PortalError as default } from '#components/shell/page-error.tsx';
