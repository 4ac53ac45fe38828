// Certificates for the real parts: an authority made on the spot and what it signs. They live as long as a test directory does.
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

export interface Authority {
  certPem: string;
  keyPem: string;
}

export interface Issued {
  certPem: string;
  keyPem: string;
}

export interface Subject {
  commonName: string;
  /** Kubernetes reads groups from these. */
  organizations?: string[];
  dns?: string[];
  ips?: string[];
  client?: boolean;
  server?: boolean;
  /** A day ago when left out. */
  from?: Date;
  /** A year from now when left out. */
  until?: Date;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 24 * 60 * 60 * 1000;
const lifetimeMs = 365 * dayMs;

export async function createAuthority(commonName: string): Promise<Authority> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...serialAndTime(),
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: pem(certificate), keyPem: await privatePem(keys.privateKey) };
}

export async function issue(authority: Authority, subject: Subject): Promise<Issued> {
  const signer = new X509Certificate(authority.certPem);
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.create({
    ...serialAndTime(subject),
    subject: [...(subject.organizations ?? []).map((name) => ({ O: [name] })), { CN: [subject.commonName] }],
    issuer: signer.subjectName,
    publicKey: keys.publicKey,
    signingKey: await readPrivateKey(authority.keyPem),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(usages(subject)),
      await AuthorityKeyIdentifierExtension.create(await signer.publicKey.export()),
      ...alternativeNames(subject),
    ],
  });
  return { certPem: pem(certificate), keyPem: await privatePem(keys.privateKey) };
}

/** A key pair without a certificate, as the API server wants for service account tokens. */
export async function createSigningKey(): Promise<{ keyPem: string; publicPem: string }> {
  const keys = await newKeys();
  const spki = await crypto.subtle.exportKey('spki', keys.publicKey);
  return { keyPem: await privatePem(keys.privateKey), publicPem: withNewline(PemConverter.encode(spki, 'PUBLIC KEY')) };
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function readPrivateKey(keyPem: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(keyPem), algorithm, false, ['sign']);
}

async function privatePem(key: CryptoKey): Promise<string> {
  return withNewline(PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY'));
}

const pem = (certificate: X509Certificate) => withNewline(certificate.toString('pem'));
const withNewline = (text: string) => `${text.trimEnd()}\n`;

/** Begins a day early: a container's clock may lag behind. */
function serialAndTime({ from, until }: Pick<Subject, 'from' | 'until'> = {}) {
  const serial = crypto.getRandomValues(new Uint8Array(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return {
    serialNumber: Buffer.from(serial).toString('hex'),
    notBefore: from ?? new Date(Date.now() - dayMs),
    notAfter: until ?? new Date(Date.now() + lifetimeMs),
  };
}

function usages({ client, server }: Subject): ExtendedKeyUsage[] {
  return [...(client ? [ExtendedKeyUsage.clientAuth] : []), ...(server ? [ExtendedKeyUsage.serverAuth] : [])];
}

function alternativeNames({ dns = [], ips = [] }: Subject): SubjectAlternativeNameExtension[] {
  const names = [...dns.map((value) => ({ type: 'dns' as const, value })), ...ips.map((value) => ({ type: 'ip' as const, value }))];
  return names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : [];
}
