/* A Windows Update Agent's whole sequence upon the stubs that gSOAP makes of the server's
 * own WSDLs, strict about what comes back:
 *
 *	client URL CA CLIENT-ID KB
 *
 * Prints what it was sent; exits with 1 and a sentence at the first thing amiss. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ClientSoap.nsmap"
#include "soapH.h"

enum { MOST = 1000, PATH = 300, YES = 1 };

static struct soap *soap;
static struct ns1__Cookie cookie;
static char client_url[PATH], auth_url[PATH], report_url[PATH];
static const char *client_id;
static int installed[MOST], cached[MOST];
static struct ns1__ArrayOfInt installed_ids = { 0, installed },
			      cached_ids = { 0, cached };
static int root_id;
static char root_guid[37];

static void fail(const char *sentence)
{
	printf("%s\n", sentence);
	exit(1);
}

static void must(int rc, const char *call)
{
	if (rc == SOAP_OK)
		return;
	printf("%s: ", call);
	fflush(stdout);
	soap_print_fault(soap, stdout);
	exit(1);
}

/* What an answer holds is gone with the next; the cookie is not. */
static void keep_cookie(const struct ns1__Cookie *sent)
{
	static unsigned char bytes[1024];

	if (sent == NULL || sent->EncryptedData.__size <= 0 ||
	    sent->EncryptedData.__size > (int)sizeof bytes)
		fail("there is no cookie");
	memcpy(bytes, sent->EncryptedData.__ptr, (size_t)sent->EncryptedData.__size);
	cookie.Expiration = sent->Expiration;
	cookie.EncryptedData.__ptr = bytes;
	cookie.EncryptedData.__size = sent->EncryptedData.__size;
}

static void log_in(void)
{
	struct _ns1__GetConfig config = { "2.90" };
	struct _ns1__GetConfigResponse configured;
	struct _ns3__GetAuthorizationCookie ask = { (char *)client_id, "lab",
						    "gsoap.lab" };
	struct _ns3__GetAuthorizationCookieResponse authorized;
	struct _ns1__GetCookie get = { 0 };
	struct _ns1__GetCookieResponse got;
	struct ns1__AuthorizationCookie one;
	struct ns1__ArrayOfAuthorizationCookie list = { 1, &one };

	must(soap_call___ns1__GetConfig(soap, client_url, NULL, &config, &configured),
	     "GetConfig");
	if (configured.GetConfigResult->Properties->__sizeConfigurationProperty < 4)
		fail("GetConfig lacks properties");
	must(soap_call___ns3__GetAuthorizationCookie(soap, auth_url, NULL, &ask,
						     &authorized),
	     "GetAuthorizationCookie");
	one.PlugInId = authorized.GetAuthorizationCookieResult->PlugInId;
	one.CookieData = authorized.GetAuthorizationCookieResult->CookieData;
	get.authCookies = &list;
	get.lastChange = configured.GetConfigResult->LastChange;
	get.currentTime = time(NULL);
	get.protocolVersion = "2.90";
	must(soap_call___ns1__GetCookie(soap, client_url, NULL, &get, &got), "GetCookie");
	keep_cookie(got.GetCookieResult);
}

static void introduce(void)
{
	struct ns1__ComputerInfo info = { 0 };
	struct _ns1__RegisterComputer ask = { &cookie, &info };
	struct _ns1__RegisterComputerResponse done;
	struct ns1__CategoryRelationship wish = {
		0, "72e7624a-5b00-45d2-b92f-e561c0a6a160"
	};
	struct ns1__ArrayOfCategoryRelationship wishes = { 1, &wish };
	struct _ns1__StartCategoryScan scan = { &wishes };
	struct _ns1__StartCategoryScanResponse scanned;

	info.DnsName = "gsoap.lab";
	info.OSMajorVersion = 10;
	info.OSBuildNumber = 26100;
	info.ProcessorArchitecture = "AMD64";
	info.OldProductType = 1;
	info.NewProductType = 4;
	must(soap_call___ns1__RegisterComputer(soap, client_url, NULL, &ask, &done),
	     "RegisterComputer");
	must(soap_call___ns1__StartCategoryScan(soap, client_url, NULL, &scan, &scanned),
	     "StartCategoryScan");
	if (scanned.preferredCategoryIds == NULL ||
	    scanned.preferredCategoryIds->__sizeguid != 1)
		fail("Windows 11 is no category");
}

static void note(const struct ns1__UpdateInfo *info)
{
	const char *id = info->Xml == NULL ? NULL : strstr(info->Xml, "UpdateID=\"");

	if (info->Deployment == NULL || id == NULL)
		fail("an update has no deployment or no text");
	if (installed_ids.__sizeint_ == MOST || cached_ids.__sizeint_ == MOST)
		fail("there is no end of updates");
	if (info->IsLeaf)
		cached[cached_ids.__sizeint_++] = info->ID;
	else
		installed[installed_ids.__sizeint_++] = info->ID;
	if (info->Deployment->Action != ns1__DeploymentAction__Install)
		return;
	if (root_id != 0)
		fail("two updates are to be installed");
	root_id = info->ID;
	memcpy(root_guid, id + 10, 36);
}

/* How many updates were new. */
static int sync_once(int drivers)
{
	struct ns1__ProductsParameters products = {
		0,
		"OSArchitecture=AMD64;OSSkuId=4;OSVersion=10.0.26100.4349;ProductType="
		"WinNT;",
		"Id=gsoap;", ""
	};
	struct ns1__ArrayOfDevice devices = { 0 };
	struct ns1__SyncUpdateParameters parameters = { 0 };
	struct _ns1__SyncUpdates ask = { &cookie, &parameters };
	struct _ns1__SyncUpdatesResponse told;

	parameters.ProductsParameters = &products;
	parameters.InstalledNonLeafUpdateIDs = &installed_ids;
	parameters.OtherCachedUpdateIDs = &cached_ids;
	parameters.SkipSoftwareSync = drivers;
	parameters.SystemSpec = drivers ? &devices : NULL;
	must(soap_call___ns1__SyncUpdates(soap, client_url, NULL, &ask, &told),
	     "SyncUpdates");
	const struct ns1__SyncInfo *info = told.SyncUpdatesResult;
	int count = info->NewUpdates == NULL ? 0 : info->NewUpdates->__sizeUpdateInfo;
	for (int i = 0; i < count; i++)
		note(&info->NewUpdates->UpdateInfo[i]);
	keep_cookie(info->NewCookie);
	return count;
}

static void look_closer(const char *kb)
{
	enum ns1__XmlUpdateFragmentType kinds[] = {
		ns1__XmlUpdateFragmentType__Extended,
		ns1__XmlUpdateFragmentType__LocalizedProperties
	};
	char *languages[] = { "en-US", "en" };
	struct ns1__ArrayOfInt ids = { 1, &root_id };
	struct ns1__ArrayOfXmlUpdateFragmentType types = { 2, kinds };
	struct ns1__ArrayOfString locales = { 2, languages };
	struct _ns1__GetExtendedUpdateInfo ask = { &cookie, &ids, &types, &locales, "" };
	struct _ns1__GetExtendedUpdateInfoResponse told;
	struct ns1__UpdateIdentity identity = { root_guid, 1 };
	struct ns1__ArrayOfUpdateIdentity identities = { 1, &identity };
	struct _ns1__GetExtendedUpdateInfo2 again = { &cookie, &identities, &types,
						      &locales, "" };
	struct _ns1__GetExtendedUpdateInfo2Response told_again;
	struct _ns1__RefreshCache refresh = { &cookie, &identities };
	struct _ns1__RefreshCacheResponse refreshed;

	must(soap_call___ns1__GetExtendedUpdateInfo(soap, client_url, NULL, &ask, &told),
	     "GetExtendedUpdateInfo");
	const struct ns1__ArrayOfUpdate *texts =
		told.GetExtendedUpdateInfoResult->Updates;
	if (texts->__sizeUpdate != 2 || strstr(texts->Update[1].Xml, kb) == NULL)
		fail("the update offered is another one");
	must(soap_call___ns1__GetExtendedUpdateInfo2(soap, client_url, NULL, &again,
						     &told_again),
	     "GetExtendedUpdateInfo2");
	must(soap_call___ns1__RefreshCache(soap, client_url, NULL, &refresh, &refreshed),
	     "RefreshCache");
	if (refreshed.RefreshCacheResult->__sizeRefreshCacheResult != 1 ||
	    refreshed.RefreshCacheResult->RefreshCacheResult[0].RevisionID != root_id)
		fail("RefreshCache does not know it");
}

static void ask_the_rest(void)
{
	struct _ns1__SyncPrinterCatalog printers = { &cookie };
	struct _ns1__SyncPrinterCatalogResponse printed;
	unsigned char digest[20] = { 0 }; /* of no file: it is passed over */
	struct xsd__base64Binary bytes = { digest, sizeof digest };
	struct ns1__ArrayOfBase64Binary digests = { 1, &bytes };
	struct _ns1__GetFileLocations files = { &cookie, &digests };
	struct _ns1__GetFileLocationsResponse located;

	must(soap_call___ns1__SyncPrinterCatalog(soap, client_url, NULL, &printers,
						 &printed),
	     "SyncPrinterCatalog");
	must(soap_call___ns1__GetFileLocations(soap, client_url, NULL, &files, &located),
	     "GetFileLocations");
}

static void report(void)
{
	struct ns4__Cookie own = { cookie.Expiration, cookie.EncryptedData };
	struct ns4__ComputerTargetIdentifier target = { (char *)client_id };
	struct ns4__UpdateRevisionIdentifier update = { root_guid, 1 };
	struct ns4__BasicData basic = { 0 };
	struct ns4__ExtendedData extended = { 0 };
	struct ns4__PrivateData nothing = { 0 };
	struct ns4__ReportingEvent event = { &basic, &extended, &nothing };
	struct ns4__ArrayOfReportingEvent events = { 1, &event };
	struct _ns4__ReportEventBatch batch = { &own, time(NULL), &events };
	struct _ns4__ReportEventBatchResponse taken;
	struct _ns4__ReportEventBatch2 batch2 = { (char *)client_id, time(NULL),
						  &events };
	struct _ns4__ReportEventBatch2Response taken2;
	struct _ns4__GetRequiredInventoryType which = { &own, root_guid, "1" };
	struct _ns4__GetRequiredInventoryTypeResponse wanted;
	struct _ns4__ReportInventory inventory = { &own, time(NULL), "" };
	struct _ns4__ReportInventoryResponse counted;

	basic.TargetID = &target;
	basic.TimeAtTarget = time(NULL);
	basic.EventInstanceID = "11111111-2222-4333-8444-555555555555";
	basic.NamespaceID = 1;
	basic.EventID = 167;
	basic.SourceID = 101;
	basic.UpdateID = &update;
	must(soap_call___ns4__ReportEventBatch(soap, report_url, NULL, &batch, &taken),
	     "ReportEventBatch");
	must(soap_call___ns4__ReportEventBatch2(soap, report_url, NULL, &batch2, &taken2),
	     "ReportEventBatch2");
	must(soap_call___ns4__GetRequiredInventoryType(soap, report_url, NULL, &which,
						       &wanted),
	     "GetRequiredInventoryType");
	must(soap_call___ns4__ReportInventory(soap, report_url, NULL, &inventory,
					      &counted),
	     "ReportInventory");
	if (!taken.ReportEventBatchResult || !taken2.ReportEventBatch2Result ||
	    wanted.GetRequiredInventoryTypeResult != 0 || !counted.ReportInventoryResult)
		fail("a report was not taken");
}

int main(int argc, char **argv)
{
	int rounds = 0;

	if (argc != 5)
		fail("client URL CA CLIENT-ID KB");
	client_id = argv[3];
	snprintf(client_url, sizeof client_url, "%s/ClientWebService/Client.asmx",
		 argv[1]);
	snprintf(auth_url, sizeof auth_url, "%s/SimpleAuthWebService/SimpleAuth.asmx",
		 argv[1]);
	snprintf(report_url, sizeof report_url, "%s/ReportingWebService/WebService.asmx",
		 argv[1]);
	soap = soap_new1(SOAP_XML_STRICT | SOAP_C_UTFSTRING | SOAP_IO_KEEPALIVE);
	if (soap == NULL ||
	    soap_ssl_client_context(soap,
				    SOAP_SSL_REQUIRE_SERVER_AUTHENTICATION |
					    SOAP_SSL_SKIP_HOST_CHECK,
				    NULL, NULL, argv[2], NULL, NULL))
		fail("no TLS");
	log_in();
	introduce();
	while (sync_once(0) > 0)
		rounds++;
	if (rounds < 3 || root_id == 0)
		fail("the updates did not come in layers, or none is to be installed");
	if (sync_once(YES) != 0)
		fail("there are drivers");
	look_closer(argv[4]);
	ask_the_rest();
	report();
	printf("%d updates in %d pages\n",
	       installed_ids.__sizeint_ + cached_ids.__sizeint_, rounds);
	return 0;
}
