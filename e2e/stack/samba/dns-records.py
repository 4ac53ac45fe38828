# Says in a domain controller's own DNS where the domain controllers of the domain are, while it does not run:
#   dns-records.py <private/sam.ldb> <etc/smb.conf> < {"dc1": "127.0.0.2", "dc2": "127.0.0.3"}
import json
import sys

import ldb
from samba.auth import system_session
from samba.ndr import ndr_pack
from samba.param import LoadParm
from samba.provision.sambadns import ARecord, SRVRecord
from samba.samdb import SamDB

LDAP = 389

path, configuration = sys.argv[1:]
addresses = json.load(sys.stdin)
parameters = LoadParm()
parameters.load(configuration)
sam = SamDB(url=path, session_info=system_session(), lp=parameters)
domain = sam.domain_dns_name()
hosts = 'DC=%s,CN=MicrosoftDNS,DC=DomainDnsZones,%s' % (domain, sam.domain_dn())
services = 'DC=_msdcs.%s,CN=MicrosoftDNS,DC=ForestDnsZones,%s' % (domain, sam.domain_dn())


def say(dn, records):
    packed = [ndr_pack(record) for record in records]
    try:
        message = ldb.Message(ldb.Dn(sam, dn))
        message['dnsRecord'] = ldb.MessageElement(packed, ldb.FLAG_MOD_REPLACE, 'dnsRecord')
        sam.modify(message)
    except ldb.LdbError as error:
        if error.args[0] != ldb.ERR_NO_SUCH_OBJECT:
            raise
        sam.add({'dn': dn, 'objectClass': 'dnsNode', 'dnsRecord': packed})


sam.transaction_start()
try:
    for host, address in addresses.items():
        say('DC=%s,%s' % (host, hosts), [ARecord(address)])
    for place in ['dc', 'Default-First-Site-Name._sites.dc']:
        say('DC=_ldap._tcp.%s,%s' % (place, services), [SRVRecord('%s.%s' % (host, domain), LDAP) for host in addresses])
except BaseException:
    sam.transaction_cancel()
    raise
sam.transaction_commit()
