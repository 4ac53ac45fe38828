/** The controls of Active Directory that we send. Each is written and read by hand here; the library knows only paging. */
import { type BerReader, BerWriter, Control } from 'ldapts';

const octetString = 0x04;

/** Changes since a cookie. What did not change is absent, what was cleared is there without a value: read raw entries only. */
export class DirSyncControl extends Control {
  static readonly type = '1.2.840.113556.1.4.841';
  readonly flags: number;
  readonly cookie: Buffer;
  more = false;
  /** Null until the server's own control arrived: an answer without one proves nothing. */
  nextCookie: Buffer | null = null;

  constructor(flags: number, cookie: Buffer) {
    super(DirSyncControl.type, { critical: true });
    this.flags = flags;
    this.cookie = cookie;
  }

  protected override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(this.flags);
    value.writeInt(maxAnswerBytes);
    value.writeBuffer(this.cookie, octetString);
    value.endSequence();
    writer.writeBuffer(value.buffer, octetString);
  }

  protected override parseControl(reader: BerReader): void {
    reader.readSequence();
    this.more = (reader.readInt() ?? 0) !== 0;
    reader.readInt();
    this.nextCookie = Buffer.from(reader.readString(octetString, true) ?? []);
  }
}

const maxAnswerBytes = 0x7fffffff;

/** Asked on every search that reads links: values come as <GUID=…>;<SID=…>;DN, so that membership is joined by GUID and not by spelling. */
export class ExtendedDnControl extends Control {
  static readonly type = '1.2.840.113556.1.4.529';

  constructor() {
    super(ExtendedDnControl.type, { critical: true });
  }

  protected override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(1);
    value.endSequence();
    writer.writeBuffer(value.buffer, octetString);
  }
}

export class NotificationControl extends Control {
  static readonly type = '1.2.840.113556.1.4.528';

  constructor() {
    super(NotificationControl.type, { critical: true });
  }
}

/** With it a search finds tombstones, too, where the account may see them. A server that does not know it answers without. */
export class ShowDeletedControl extends Control {
  static readonly type = '1.2.840.113556.1.4.417';

  constructor() {
    super(ShowDeletedControl.type, { critical: false });
  }
}

/** Search references are of no use to us: never followed, for that would carry our password to a stranger. */
export class DomainScopeControl extends Control {
  static readonly type = '1.2.840.113556.1.4.1339';

  constructor() {
    super(DomainScopeControl.type, { critical: false });
  }
}
