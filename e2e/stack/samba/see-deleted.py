# Lets an account read what was deleted, also what was deleted elsewhere and came by replication:
#   see-deleted.py <private/sam.ldb> <etc/smb.conf> <DN of the account>
import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

path, configuration, account = sys.argv[1:]
parameters = LoadParm()
parameters.load(configuration)
sam = SamDB(url=path, session_info=system_session(), lp=parameters)
found = sam.search(base=account, scope=ldb.SCOPE_BASE, attrs=['objectSid'])
sid = sam.schema_format_value('objectSid', found[0]['objectSid'][0]).decode()
SDUtils(sam).dacl_add_ace('CN=Deleted Objects,%s' % sam.domain_dn(), '(A;CI;LCRP;;;%s)' % sid)
