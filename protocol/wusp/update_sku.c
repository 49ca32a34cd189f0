/* EditionIDs and the product numbers that agents name them by (OSSkuId: the PRODUCT_
 * constants of winnt.h). */

#include <string.h>

#include "protocol/wusp/update_make.h"

static const struct {
	long sku;
	const char *edition;
} skus[] = {
	{ 4, "Enterprise" },
	{ 7, "ServerStandard" },
	{ 8, "ServerDatacenter" },
	{ 12, "ServerDatacenterCor" },
	{ 13, "ServerStandardCor" },
	{ 27, "EnterpriseN" },
	{ 48, "Professional" },
	{ 49, "ProfessionalN" },
	{ 72, "EnterpriseEval" },
	{ 79, "ServerStandardEval" },
	{ 80, "ServerDatacenterEval" },
	{ 84, "EnterpriseNEval" },
	{ 98, "CoreN" },
	{ 99, "CoreCountrySpecific" },
	{ 100, "CoreSingleLanguage" },
	{ 101, "Core" },
	{ 121, "Education" },
	{ 122, "EducationN" },
	{ 125, "EnterpriseS" },
	{ 126, "EnterpriseSN" },
	{ 145, "ServerDatacenterACor" },
	{ 146, "ServerStandardACor" },
	{ 161, "ProfessionalWorkstation" },
	{ 162, "ProfessionalWorkstationN" },
	{ 164, "ProfessionalEducation" },
	{ 165, "ProfessionalEducationN" },
	{ 175, "ServerRdsh" },
	{ 188, "IoTEnterprise" },
	{ 191, "IoTEnterpriseS" },
	{ 406, "ServerAzureStackHCICor" },
	{ 407, "ServerTurbine" },
	{ 408, "ServerTurbineCor" },
};

enum { SKUS = sizeof skus / sizeof skus[0] };

const char *edition_of_sku(long sku)
{
	for (size_t i = 0; i < SKUS; i++) {
		if (skus[i].sku == sku)
			return skus[i].edition;
	}
	return NULL;
}

long sku_of_edition(const char *edition)
{
	for (size_t i = 0; i < SKUS; i++) {
		if (strcmp(skus[i].edition, edition) == 0)
			return skus[i].sku;
	}
	return -1;
}
