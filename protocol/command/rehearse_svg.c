/* A rehearsal as a picture: how each release spreads through each ring, with the band
 * from P10 to P90, one panel for each ring; and below the restarts of each day. */

#include <math.h>
#include <string.h>

#include "engine/instant.h"
#include "protocol/command/rehearse.h"

enum {
	WIDTH = 1000,
	LEFT = 60,
	RIGHT = 20,
	PANEL = 140,
	GAP = 40,
	TOP = 60,
	RINGS_MOST = 64,
	STEPS = REACH_STEPS,
};

struct picture {
	FILE *to;
	int64_t from_s, until_s;
	size_t ring_count;
	const char *rings[RINGS_MOST];
};

/* Names come from files: nothing of them may be markup. */
static void print_text(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '<')
			fputs("&lt;", to);
		else if (*text == '&')
			fputs("&amp;", to);
		else if ((unsigned char)*text >= ' ')
			fputc(*text, to);
	}
}

static double x_of(const struct picture *picture, double at_s)
{
	double past = at_s - (double)picture->from_s;
	double all = (double)(picture->until_s - picture->from_s);

	past = past < 0 ? 0 : past > all ? all : past;
	return LEFT + past * (WIDTH - LEFT - RIGHT) / all;
}

static void find_rings(struct picture *picture, const json_t *rollouts)
{
	const json_t *rollout;
	size_t i;

	json_array_foreach(rollouts, i, rollout)
	{
		const char *ring = rehearse_word(rollout, "ring");
		size_t at = 0;
		while (at < picture->ring_count && strcmp(picture->rings[at], ring) != 0)
			at++;
		if (at == picture->ring_count && at < RINGS_MOST)
			picture->rings[picture->ring_count++] = ring;
	}
}

static double moment(const json_t *rollout, int step, const char *which)
{
	const json_t *reach = rehearse_reach(rollout, (step + 1) * 100 / STEPS);
	const json_t *hours = json_object_get(reach, which);
	int64_t published_s = 0;

	(void)instant_parse(rehearse_word(rollout, "published"), &published_s);
	return json_is_number(hours)
		       ? (double)published_s + json_number_value(hours) * HOUR_S
		       : (double)NAN;
}

static void print_curve(const struct picture *picture, const json_t *rollout, int bottom)
{
	bool begun = false;

	fputs("<path class=\"curve\" d=\"", picture->to);
	for (int step = 0; step < STEPS; step++) {
		double at_s = moment(rollout, step, "p50");
		if (isnan(at_s))
			break;
		fprintf(picture->to, "%s%.1f %.1f", begun ? "L" : "M",
			x_of(picture, at_s), bottom - (double)(step + 1) * PANEL / STEPS);
		begun = true;
	}
	fputs("\"><title>", picture->to);
	print_text(picture->to, rehearse_word(rollout, "kb"));
	fputs("</title></path>\n", picture->to);
}

static void print_band(const struct picture *picture, const json_t *rollout, int bottom)
{
	fputs("<path class=\"band\" d=\"", picture->to);
	int last = 0;
	for (; last < STEPS; last++) {
		double at_s = moment(rollout, last, "p10");
		if (isnan(at_s))
			break;
		fprintf(picture->to, "%s%.1f %.1f", last == 0 ? "M" : "L",
			x_of(picture, at_s), bottom - (double)(last + 1) * PANEL / STEPS);
	}
	for (int step = last - 1; step >= 0; step--) {
		double at_s = moment(rollout, step, "p90");
		if (isnan(at_s))
			at_s = (double)picture->until_s;
		fprintf(picture->to, "L%.1f %.1f", x_of(picture, at_s),
			bottom - (double)(step + 1) * PANEL / STEPS);
	}
	fputs("\"/>\n", picture->to);
}

static void print_frame(const struct picture *picture, int bottom, const char *title)
{
	fprintf(picture->to,
		"<path class=\"axis\" d=\"M%d %dH%dM%d %dV%d\"/>\n"
		"<text x=\"%d\" y=\"%d\" class=\"label\">",
		LEFT, bottom, WIDTH - RIGHT, LEFT, bottom, bottom - PANEL, LEFT,
		bottom - PANEL - 8);
	print_text(picture->to, title);
	fputs("</text>\n", picture->to);
}

static void print_ring(const struct picture *picture, const json_t *rollouts, size_t ring,
		       int bottom)
{
	const json_t *rollout;
	size_t i;

	print_frame(picture, bottom, picture->rings[ring]);
	fprintf(picture->to,
		"<text x=\"%d\" y=\"%d\" class=\"tick\">0 %%</text>"
		"<text x=\"%d\" y=\"%d\" class=\"tick\">100 %%</text>\n",
		LEFT - 6, bottom, LEFT - 6, bottom - PANEL + 8);
	json_array_foreach(rollouts, i, rollout)
	{
		if (strcmp(rehearse_word(rollout, "ring"), picture->rings[ring]) != 0)
			continue;
		print_band(picture, rollout, bottom);
		print_curve(picture, rollout, bottom);
	}
}

static void print_restarts(const struct picture *picture, const json_t *restarts,
			   int bottom)
{
	const json_t *days = json_object_get(restarts, "days"), *day;
	double most = 1;
	size_t i;

	json_array_foreach(days, i, day)
	{
		double count = json_number_value(json_object_get(day, "p90"));
		most = count > most ? count : most;
	}
	print_frame(picture, bottom, "restarts each day");
	fprintf(picture->to,
		"<text x=\"%d\" y=\"%d\" class=\"tick\">%.0f</text>\n<path "
		"class=\"bars\" d=\"",
		LEFT - 6, bottom - PANEL + 8, most);
	json_array_foreach(days, i, day)
	{
		double count = json_number_value(json_object_get(day, "p50"));
		double at_s = (double)picture->from_s + ((double)i + 0.5) * DAY_S;
		if (count > 0)
			fprintf(picture->to, "M%.1f %dV%.1f", x_of(picture, at_s), bottom,
				bottom - count * PANEL / most);
	}
	fputs("\"/>\n", picture->to);
}

static void print_months(const struct picture *picture, int bottom)
{
	struct civil civil = civil_of(picture->from_s);
	char text[INSTANT_TEXT];

	civil.day = 1;
	civil.hour = civil.minute = civil.second = 0;
	for (int64_t at_s = instant_of(&civil); at_s < picture->until_s;
	     at_s = instant_of(&civil)) {
		if (at_s >= picture->from_s)
			fprintf(picture->to,
				"<path class=\"month\" d=\"M%.1f %dV%d\"/>"
				"<text x=\"%.1f\" y=\"%d\" class=\"month\">%.7s</text>\n",
				x_of(picture, (double)at_s), TOP, bottom,
				x_of(picture, (double)at_s) + 2, bottom + 14,
				instant_format(at_s, text));
		civil.month++;
		if (civil.month > 12) {
			civil.month = 1;
			civil.year++;
		}
	}
}

static void print_begin(const struct picture *picture, const json_t *doc, int height)
{
	fprintf(picture->to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
		"font-family=\"sans-serif\" font-size=\"11\">\n"
		"<style>.axis{stroke:#555;fill:none}.curve{stroke:#06c;fill:none}"
		".band{fill:#06c;opacity:.18}.bars{stroke:#c60;stroke-width:1.6}"
		".month{stroke:#ddd}text.month,text.tick{fill:#777;stroke:none}"
		"text.tick{text-anchor:end}.label{font-weight:bold}</style>\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
		"<text x=\"%d\" y=\"24\" font-size=\"15\" font-weight=\"bold\">",
		WIDTH, height, WIDTH, height, LEFT);
	print_text(picture->to, rehearse_word(doc, "plan"));
	fprintf(picture->to, ": %lld devices, %lld runs</text>\n",
		(long long)json_integer_value(json_object_get(doc, "devices")),
		(long long)json_integer_value(json_object_get(doc, "runs")));
}

void rehearse_svg(FILE *to, const json_t *document)
{
	const json_t *rollouts = json_object_get(document, "rollouts");
	struct picture picture = { .to = to, .until_s = 1 };

	(void)instant_parse(rehearse_word(document, "from"), &picture.from_s);
	(void)instant_parse(rehearse_word(document, "until"), &picture.until_s);
	if (picture.until_s <= picture.from_s)
		picture.until_s = picture.from_s + 1;
	find_rings(&picture, rollouts);
	int bottom = TOP + (int)(picture.ring_count + 1) * (PANEL + GAP) - GAP;
	print_begin(&picture, document, bottom + GAP);
	print_months(&picture, bottom);
	for (size_t i = 0; i < picture.ring_count; i++)
		print_ring(&picture, rollouts, i, TOP + PANEL + (int)i * (PANEL + GAP));
	print_restarts(&picture, json_object_get(document, "restarts"), bottom);
	fputs("</svg>\n", to);
}
