/* EditionIDs and the product numbers that agents name them by (OSSkuId: the PRODUCT_
 * constants of winnt.h).  A Server Core edition has two: one of the days when Server Core
 * was a product of its own, and one since. */

#include "engine/ascii.h"
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
	{ 129, "EnterpriseSEval" },
	{ 130, "EnterpriseSNEval" },
	{ 145, "ServerDatacenterACor" },
	{ 146, "ServerStandardACor" },
	{ 147, "ServerDatacenterCor" },
	{ 148, "ServerStandardCor" },
	{ 159, "ServerDatacenterEvalCor" },
	{ 160, "ServerStandardEvalCor" },
	{ 161, "ProfessionalWorkstation" },
	{ 162, "ProfessionalWorkstationN" },
	{ 164, "ProfessionalEducation" },
	{ 165, "ProfessionalEducationN" },
	{ 171, "EnterpriseG" },
	{ 172, "EnterpriseGN" },
	{ 175, "ServerRdsh" },
	{ 188, "IoTEnterprise" },
	{ 191, "IoTEnterpriseS" },
	{ 202, "CloudEditionN" },
	{ 203, "CloudEdition" },
	{ 205, "IoTEnterpriseSK" },
	{ 206, "IoTEnterpriseK" },
	{ 207, "IoTEnterpriseSEval" },
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

long sku_of_edition(const char *edition, long after)
{
	for (size_t i = 0; i < SKUS; i++) {
		if (skus[i].sku > after && ascii_compare(skus[i].edition, edition) == 0)
			return skus[i].sku;
	}
	return -1;
}
