// Tests have their clusters on this machine; an installation says so by its configuration.
import { setAddressPolicy } from './address-policy.ts';

setAddressPolicy({ loopback: true, own: [] });
