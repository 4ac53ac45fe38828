/** The certificate that an installation makes for itself on its first start: the door's, signed by a small CA of its own. */
import 'reflect-metadata';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const caYears = 10;
const leafYears = 2;

export async function makeDoorCertificate(
  hosts: readonly string[],
): Promise<{ doorCaPem: string; doorCertificatePem: string; doorKeyPem: string }> {
  const caKeys = await crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Gatehouse door CA',
    ...validFor(caYears),
    keys: caKeys,
    signingAlgorithm: ecdsa,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const keys = await crypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const leaf = await X509CertificateGenerator.create({
    subject: 'CN=Gatehouse door',
    issuer: ca.subject,
    ...validFor(leafYears),
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: ecdsa,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(hosts.map((host) => ({ type: isIP(host) ? 'ip' : 'dns', value: host }) as const)),
    ],
  });
  // The CA's private key is dropped on purpose: nothing else will ever be signed by it.
  return { doorCaPem: ca.toString('pem'), doorCertificatePem: leaf.toString('pem'), doorKeyPem: await privatePem(keys.privateKey) };
}

async function privatePem(key: CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function validFor(years: number): { notBefore: Date; notAfter: Date } {
  const notBefore = new Date(Date.now() - 5 * 60_000);
  const notAfter = new Date(notBefore);
  notAfter.setFullYear(notAfter.getFullYear() + years);
  return { notBefore, notAfter };
}
