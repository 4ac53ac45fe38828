import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDnsServer } from './resolver.ts';
import { DnsDoubt, encodeQuestion, readSrvAnswer } from './wire.ts';

const name = '_ldap._tcp.dc._msdcs.corp.example';
/** As Samba's own DNS answered it: the target compressed, an authority after it. */
const fromSamba = Buffer.from(
  '123485800001000100010000055f6c646170045f746370026463065f6d7364637304636f7270076578616d706c650000210001c00c0021000100000384000c00000064018503646331c021c01a0006000100000e10002703444331c0210a686f73746d6173746572c0210000000100000384000002580001518000000e10',
  'hex',
);

it('reads the compressed answer that Samba gives, and Node’s resolver refuses', () => {
  expect(readSrvAnswer(fromSamba, 0x1234, name)).toEqual([{ priority: 0, weight: 100, port: 389, name: 'dc1.corp.example' }]);
});

it('takes no answer to another question, of another number, cut short, or that says no', () => {
  expect(() => readSrvAnswer(fromSamba, 0x1235, name)).toThrow(DnsDoubt);
  expect(() => readSrvAnswer(fromSamba, 0x1234, '_ldap._tcp.dc._msdcs.other.example')).toThrow(DnsDoubt);
  const refused = Buffer.from(fromSamba);
  refused.writeUInt16BE(0x8583, 2);
  expect(() => readSrvAnswer(refused, 0x1234, name)).toThrow(/NXDOMAIN/);
  const question = encodeQuestion(0x1234, name);
  expect(() => readSrvAnswer(question, 0x1234, name)).toThrow(DnsDoubt);
  for (let length = 0; length < fromSamba.length - 60; length++) {
    expect(() => readSrvAnswer(fromSamba.subarray(0, length), 0x1234, name)).toThrow(DnsDoubt);
  }
});

it('ends with records or a doubt, whatever bytes come', () => {
  const seed = Number(process.env.GATEHOUSE_TEST_SEED ?? Date.now() % 1_000_000);
  const changes = fc.array(fc.record({ at: fc.nat(fromSamba.length - 1), to: fc.nat(255) }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(changes, (all) => {
      const bytes = Buffer.from(fromSamba);
      for (const { at, to } of all) bytes[at] = to;
      try {
        for (const record of readSrvAnswer(bytes, 0x1234, name)) expect(record.name.length).toBeLessThan(256);
      } catch (error) {
        if (!(error instanceof DnsDoubt)) throw error;
      }
    }),
    { seed, numRuns: process.env.GATEHOUSE_TEST_LONG === '1' ? 50_000 : 2_000 },
  );
});

it('knows the address of a DNS server by its form', () => {
  expect(parseDnsServer('10.0.0.53')).toEqual({ host: '10.0.0.53', port: 53 });
  expect(parseDnsServer('10.0.0.53:5353')).toEqual({ host: '10.0.0.53', port: 5353 });
  expect(parseDnsServer('fd00::53')).toEqual({ host: 'fd00::53', port: 53 });
  expect(parseDnsServer('[fd00::53]:5353')).toEqual({ host: 'fd00::53', port: 5353 });
  for (const wrong of ['', 'dns.corp.example', '10.0.0', '10.0.0.53:0', '10.0.0.53:70000', 'fd00::53]:1']) {
    expect(parseDnsServer(wrong), wrong).toBeNull();
  }
});
