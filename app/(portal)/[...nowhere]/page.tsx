import { notFound } from 'next/navigation';

/** An address that leads nowhere is told so within the portal, with the ways on beside it. */
export default function Nowhere() {
  notFound();
}
