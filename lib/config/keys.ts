/**
 * The keys of an installation, and what they do.
 *
 *   sealing / opening  X25519. Anybody with the sealing key can close an envelope; only worker and proxy can open one. The portal therefore
 *                      can hand over a pasted kubeconfig or a typed password, and cannot read one back.
 *   hash               HMAC key of credentials at rest; held by portal (issues) and proxy (verifies).
 *
 * An envelope is: 1 byte version, 32 bytes ephemeral public key, 12 bytes nonce, 16 bytes tag, ciphertext. Its context (which row, which
 * purpose) is authenticated with it, so that a ciphertext moved to another row does not open.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { fault } from '#lib/errors/fault.ts';

export interface SealingKey {
  readonly publicKey: KeyObject;
}

export interface OpeningKey {
  readonly privateKey: KeyObject;
}

const version = 1;
const rawPublicKeyBytes = 32;
const headBytes = 1 + rawPublicKeyBytes + 12 + 16;

export function generateSealingPair(): { sealingKeyPem: string; openingKeyPem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return {
    sealingKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    openingKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

export function sealingKeyFromPem(pem: string): SealingKey {
  return { publicKey: createPublicKey(pem) };
}

export function openingKeyFromPem(pem: string): OpeningKey {
  return { privateKey: createPrivateKey(pem) };
}

export function seal(key: SealingKey, plaintext: Buffer, context: string): Buffer {
  const ephemeral = generateKeyPairSync('x25519');
  const ephemeralPublic = rawPublicKey(ephemeral.publicKey);
  const secret = deriveKey(diffieHellman({ privateKey: ephemeral.privateKey, publicKey: key.publicKey }), ephemeralPublic);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce);
  cipher.setAAD(Buffer.from(context, 'utf8'));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.from([version]), ephemeralPublic, nonce, cipher.getAuthTag(), body]);
}

export function open(key: OpeningKey, sealed: Uint8Array, context: string): Buffer {
  const envelope = Buffer.from(sealed);
  if (envelope.length < headBytes || envelope[0] !== version) throw cannotOpen('it is not an envelope of this version');
  const ephemeralPublic = envelope.subarray(1, 33);
  const nonce = envelope.subarray(33, 45);
  const tag = envelope.subarray(45, 61);
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: ephemeralPublic.toString('base64url') }, format: 'jwk' });
  const secret = deriveKey(diffieHellman({ privateKey: key.privateKey, publicKey }), ephemeralPublic);
  const decipher = createDecipheriv('aes-256-gcm', secret, nonce, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(context, 'utf8'));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(envelope.subarray(headBytes)), decipher.final()]);
  } catch {
    throw cannotOpen('the key or the context is another one, or it was altered');
  }
}

/**
 * The keyed hash under which a credential's secret is stored and looked up (HMAC-SHA-256, 32 bytes), put together from two plain hashes as
 * RFC 2104 has it. The door hashes at each request, and Node's Hmac makes an object that the garbage collector has to end one by one.
 */
export function keyedHash(hashKey: Buffer, secret: string): Buffer {
  const { inner, outer } = padsOf(hashKey);
  hash('sha256', Buffer.concat([inner, Buffer.from(secret, 'utf8')]), 'buffer').copy(outer, blockBytes);
  return hash('sha256', outer, 'buffer');
}

const blockBytes = 64;
const digestBytes = 32;

interface Pads {
  readonly inner: Buffer;
  /** With room behind it for the inner hash; used by one call at a time. */
  readonly outer: Buffer;
}

const padsOfKeys = new WeakMap<Buffer, Pads>();

function padsOf(hashKey: Buffer): Pads {
  const known = padsOfKeys.get(hashKey);
  if (known) return known;
  const block = Buffer.alloc(blockBytes);
  (hashKey.length > blockBytes ? hash('sha256', hashKey, 'buffer') : hashKey).copy(block);
  const pads = {
    inner: block.map((byte) => byte ^ 0x36) as Buffer,
    outer: Buffer.concat([block.map((byte) => byte ^ 0x5c), Buffer.alloc(digestBytes)]),
  };
  padsOfKeys.set(hashKey, pads);
  return pads;
}

function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

function deriveKey(shared: Buffer, ephemeralPublic: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', shared, ephemeralPublic, 'gatehouse envelope v1', 32));
}

function cannotOpen(why: string) {
  return fault('internal', 'keys.cannot-open', 'A stored secret cannot be opened with the key of this installation.', { detail: why });
}
