/* Cuts the words of a question into items: phrases of the table's lexicon, English function words,
 * numbers, times, names.  The longest phrase wins. */
#include "parse.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *words;
    enum func func;
} functions[] = {
    {"the", F_NOISE},
    {"a", F_NOISE},
    {"an", F_NOISE},
    {"my", F_NOISE},
    {"our", F_NOISE},
    {"your", F_NOISE},
    {"me", F_NOISE},
    {"us", F_NOISE},
    {"please", F_NOISE},
    {"pls", F_NOISE},
    {"i", F_NOISE},
    {"we", F_NOISE},
    {"you", F_NOISE},
    {"to", F_NOISE},
    {"that", F_NOISE},
    {"hey", F_NOISE},
    {"hi", F_NOISE},
    {"hello", F_NOISE},
    {"ok", F_NOISE},
    {"okay", F_NOISE},
    {"so", F_NOISE},
    {"well", F_NOISE},
    {"just", F_NOISE},
    {"now", F_NOISE},
    {"right now", F_NOISE},
    {"currently", F_NOISE},
    {"at the moment", F_NOISE},
    {"at present", F_NOISE},
    {"presently", F_NOISE},
    {"actually", F_NOISE},
    {"exactly how", F_HOW},
    {"of them", F_PRON},
    {"their", F_NOISE},
    {"its", F_NOISE},
    {"his", F_NOISE},
    {"her", F_NOISE},
    {"some", F_NOISE},
    {"such", F_NOISE},
    {"thanks", F_NOISE},
    {"thank you", F_NOISE},
    {"kindly", F_NOISE},
    {"quickly", F_NOISE},
    {"can you", F_NOISE},
    {"could you", F_NOISE},
    {"would you", F_NOISE},
    {"will you", F_NOISE},
    {"nor", F_OR},
    {"across all providers", F_VIEWS},
    {"across providers", F_VIEWS},
    {"across all clouds", F_VIEWS},
    {"over all providers", F_VIEWS},
    {"on all providers", F_VIEWS},
    {"from all providers", F_VIEWS},
    {"at all providers", F_VIEWS},
    {"of all providers", F_VIEWS},
    {"of every provider", F_VIEWS},
    {"in all clouds", F_VIEWS},
    {"everywhere", F_VIEWS},
    {"all providers", F_VIEWS},
    {"next", F_NEXT},
    {"soonest", F_NEXT},
    {"can i", F_NOISE},
    {"could i", F_NOISE},
    {"do you know", F_NOISE},
    {"i want to know", F_NOISE},
    {"i need to know", F_NOISE},
    {"i would like to know", F_NOISE},
    {"i wonder", F_NOISE},
    {"tell me", F_LIST},
    {"tell", F_LIST},
    {"let me know", F_LIST},
    {"let me see", F_LIST},
    {"i want", F_LIST},
    {"i need", F_LIST},
    {"i would like", F_LIST},
    {"id like", F_LIST},
    {"id like to see", F_LIST},
    {"i want to see", F_LIST},
    {"show", F_LIST},
    {"show me", F_LIST},
    {"list", F_LIST},
    {"give me", F_LIST},
    {"give", F_LIST},
    {"display", F_LIST},
    {"print", F_LIST},
    {"find", F_LIST},
    {"find me", F_LIST},
    {"get", F_LIST},
    {"get me", F_LIST},
    {"fetch", F_LIST},
    {"see", F_LIST},
    {"look up", F_LIST},
    {"search for", F_LIST},
    {"enumerate", F_LIST},
    {"name", F_LIST},
    {"report", F_LIST},
    {"output", F_LIST},
    {"is", F_BE},
    {"are", F_BE},
    {"was", F_BE},
    {"were", F_BE},
    {"be", F_BE},
    {"been", F_BE},
    {"being", F_BE},
    {"am", F_BE},
    {"has", F_HAVE},
    {"have", F_HAVE},
    {"had", F_HAVE},
    {"having", F_HAVE},
    {"got", F_HAVE},
    {"have got", F_HAVE},
    {"has got", F_HAVE},
    {"own", F_HAVE},
    {"owns", F_HAVE},
    {"there", F_THERE},
    {"exist", F_THERE},
    {"exists", F_THERE},
    {"existing", F_THERE},
    {"in existence", F_THERE},
    {"here", F_THERE},
    {"do", F_DO},
    {"does", F_DO},
    {"did", F_DO},
    {"can", F_DO},
    {"use", F_USE},
    {"uses", F_USE},
    {"using", F_USE},
    {"used", F_USE},
    {"consume", F_USE},
    {"consumes", F_USE},
    {"consuming", F_USE},
    {"consumed", F_USE},
    {"take", F_USE},
    {"takes", F_USE},
    {"taking", F_USE},
    {"take up", F_USE},
    {"takes up", F_USE},
    {"taking up", F_USE},
    {"taken up", F_USE},
    {"need", F_USE},
    {"needs", F_USE},
    {"occupy", F_USE},
    {"occupies", F_USE},
    {"occupying", F_USE},
    {"hold", F_USE},
    {"holds", F_USE},
    {"holding", F_USE},
    {"hog", F_USE},
    {"hogs", F_USE},
    {"hogging", F_USE},
    {"eat", F_USE},
    {"eats", F_USE},
    {"eating", F_USE},
    {"eat up", F_USE},
    {"eating up", F_USE},
    {"burn", F_USE},
    {"burning", F_USE},
    {"pay", F_USE},
    {"paying", F_USE},
    {"spend", F_USE},
    {"spending", F_USE},
    {"what", F_WHAT},
    {"which", F_WHICH},
    {"whats", F_WHAT},
    {"what kind of", F_WHAT},
    {"what sort of", F_WHAT},
    {"who", F_WHO},
    {"whom", F_WHO},
    {"whose", F_WITH},
    {"when", F_WHEN},
    {"since when", F_WHEN},
    {"what time", F_WHEN},
    {"where", F_WHERE},
    {"how", F_HOW},
    {"how long", F_HOWLONG},
    {"for how long", F_HOWLONG},
    {"how many", F_MANY},
    {"number of", F_MANY},
    {"the number of", F_MANY},
    {"count", F_MANY},
    {"count of", F_MANY},
    {"total number of", F_MANY},
    {"count the", F_MANY},
    {"count up", F_MANY},
    {"how many of", F_MANY},
    {"what number of", F_MANY},
    {"amount of", F_MUCH},
    {"how much", F_MUCH},
    {"quantity of", F_MANY},
    {"not", F_NOT},
    {"non", F_NOT},
    {"never", F_NOT},
    {"neither", F_NOT},
    {"no", F_NO},
    {"none", F_NO},
    {"without", F_WITHOUT},
    {"without any", F_WITHOUT},
    {"with no", F_WITHOUT},
    {"lacking", F_WITHOUT},
    {"lack", F_WITHOUT},
    {"lacks", F_WITHOUT},
    {"missing", F_WITHOUT},
    {"except", F_EXCEPT},
    {"except for", F_EXCEPT},
    {"excluding", F_EXCEPT},
    {"other than", F_EXCEPT},
    {"apart from", F_EXCEPT},
    {"besides", F_EXCEPT},
    {"but not", F_EXCEPT},
    {"outside", F_EXCEPT},
    {"outside of", F_EXCEPT},
    {"not counting", F_EXCEPT},
    {"aside from", F_EXCEPT},
    {"ignoring", F_EXCEPT},
    {"or", F_OR},
    {"either", F_NOISE},
    {"and", F_AND},
    {",", F_AND},
    {"as well as", F_AND},
    {"plus", F_AND},
    {"along with", F_WITH},
    {"together with", F_WITH},
    {"both", F_NOISE},
    {"also", F_NOISE},
    {"too", F_NOISE},
    {"but", F_AND},
    {"of", F_OF},
    {"by", F_BY},
    {"grouped by", F_PER},
    {"group by", F_PER},
    {"broken down by", F_PER},
    {"split by", F_PER},
    {"per", F_PER},
    {"for each", F_EACH},
    {"for every", F_EACH},
    {"in each", F_EACH},
    {"in every", F_EACH},
    {"of each", F_EACH},
    {"on each", F_EACH},
    {"with each", F_EACH},
    {"from each", F_EACH},
    {"by each", F_EACH},
    {"under each", F_EACH},
    {"at each", F_EACH},
    {"breakdown by", F_PER},
    {"breakdown of", F_MANY},
    {"each", F_EACH},
    {"every", F_EACH},
    {"most", F_MOST},
    {"the most", F_MOST},
    {"least", F_LEAST},
    {"the least", F_LEAST},
    {"fewest", F_LEAST},
    {"the fewest", F_LEAST},
    {"highest", F_HIGH},
    {"largest", F_HIGH},
    {"biggest", F_HIGH},
    {"greatest", F_HIGH},
    {"lowest", F_LOW},
    {"smallest", F_LOW},
    {"longest", F_HIGH},
    {"shortest", F_LOW},
    {"worst", F_HIGH},
    {"top", F_TOP},
    {"bottom", F_BOTTOM},
    {"in total", F_TOTAL},
    {"total", F_TOTAL},
    {"altogether", F_TOTAL},
    {"all together", F_TOTAL},
    {"all in all", F_TOTAL},
    {"overall", F_TOTAL},
    {"combined", F_TOTAL},
    {"together", F_TOTAL},
    {"sum", F_TOTAL},
    {"sum of", F_TOTAL},
    {"the sum of", F_TOTAL},
    {"summed up", F_TOTAL},
    {"in all", F_TOTAL},
    {"total amount of", F_TOTAL},
    {"sum up", F_TOTAL},
    {"add up", F_TOTAL},
    {"in sum", F_TOTAL},
    {"collectively", F_TOTAL},
    {"total of", F_TOTAL},
    {"average", F_AVG},
    {"mean", F_AVG},
    {"avg", F_AVG},
    {"on average", F_AVG},
    {"typical", F_AVG},
    {"averaged", F_AVG},
    {"maximum", F_MAX},
    {"max", F_MAX},
    {"minimum", F_MIN},
    {"min", F_MIN},
    {"over", F_GT},
    {"above", F_GT},
    {"more than", F_GT},
    {"greater than", F_GT},
    {"higher than", F_GT},
    {"exceeding", F_GT},
    {"exceeds", F_GT},
    {"exceed", F_GT},
    {">", F_GT},
    {"beyond", F_GT},
    {"longer than", F_GT},
    {"upwards of", F_GE},
    {"larger than", F_GT},
    {"bigger than", F_GT},
    {"in excess of", F_GT},
    {"well over", F_GT},
    {"at least", F_GE},
    {">=", F_GE},
    {"no less than", F_GE},
    {"not less than", F_GE},
    {"no fewer than", F_GE},
    {"minimum of", F_GE},
    {"a minimum of", F_GE},
    {"under", F_LT},
    {"below", F_LT},
    {"less than", F_LT},
    {"fewer than", F_LT},
    {"lower than", F_LT},
    {"shorter than", F_LT},
    {"<", F_LT},
    {"smaller than", F_LT},
    {"beneath", F_LT},
    {"at most", F_LE},
    {"<=", F_LE},
    {"no more than", F_LE},
    {"not more than", F_LE},
    {"up to", F_LE},
    {"maximum of", F_LE},
    {"a maximum of", F_LE},
    {"no greater than", F_LE},
    {"not over", F_LE},
    {"not above", F_LE},
    {"exactly", F_EQ},
    {"precisely", F_EQ},
    {"=", F_EQ},
    {"==", F_EQ},
    {"equal to", F_EQ},
    {"equals", F_EQ},
    {"set to", F_EQ},
    {"older than", F_OLDER},
    {"newer than", F_NEWER},
    {"younger than", F_NEWER},
    {"more recent than", F_NEWER},
    {"or more", F_ORMORE},
    {"or above", F_ORMORE},
    {"or higher", F_ORMORE},
    {"or over", F_ORMORE},
    {"and above", F_ORMORE},
    {"or greater", F_ORMORE},
    {"or larger", F_ORMORE},
    {"or bigger", F_ORMORE},
    {"and up", F_ORMORE},
    {"and more", F_ORMORE},
    {"or less", F_ORLESS},
    {"or fewer", F_ORLESS},
    {"or below", F_ORLESS},
    {"or under", F_ORLESS},
    {"or lower", F_ORLESS},
    {"or smaller", F_ORLESS},
    {"between", F_BETWEEN},
    {"percentage of", F_SHARE},
    {"percentage", F_SHARE},
    {"percent of", F_SHARE},
    {"what percent of", F_SHARE},
    {"what percent", F_SHARE},
    {"share of", F_SHARE},
    {"share", F_SHARE},
    {"fraction of", F_SHARE},
    {"proportion of", F_SHARE},
    {"proportion", F_SHARE},
    {"fraction", F_SHARE},
    {"portion of", F_SHARE},
    {"what % of", F_SHARE},
    {"% of", F_SHARE},
    {"ratio of", F_SHARE},
    {"part of", F_SHARE},
    {"only", F_ONLY},
    {"any", F_ANY},
    {"anything", F_ANY},
    {"anyone", F_ANY},
    {"anybody", F_ANY},
    {"at all", F_NOISE},
    {"all", F_ALL},
    {"all of", F_ALL},
    {"all the", F_ALL},
    {"everything", F_ALL},
    {"every single", F_ALL},
    {"entire", F_ALL},
    {"whole", F_ALL},
    {"sort", F_SORT},
    {"sorted", F_SORT},
    {"sort by", F_SORT},
    {"sorted by", F_SORT},
    {"ordered by", F_SORT},
    {"order by", F_SORT},
    {"order", F_SORT},
    {"ordered", F_SORT},
    {"ranked by", F_SORT},
    {"rank by", F_SORT},
    {"rank", F_SORT},
    {"in order of", F_SORT},
    {"arranged by", F_SORT},
    {"ascending", F_ASC},
    {"asc", F_ASC},
    {"descending", F_DESC},
    {"desc", F_DESC},
    {"in descending order", F_DESC},
    {"in ascending order", F_ASC},
    {"lowest first", F_ASC},
    {"smallest first", F_ASC},
    {"highest first", F_DESC},
    {"biggest first", F_DESC},
    {"largest first", F_DESC},
    {"most first", F_DESC},
    {"alphabetically", F_ASC},
    {"first", F_FIRST},
    {"last", F_LAST},
    {"it", F_PRON},
    {"them", F_PRON},
    {"those", F_PRON},
    {"these", F_PRON},
    {"they", F_PRON},
    {"the ones", F_ONES},
    {"ones", F_ONES},
    {"one", F_ONES},
    {"that one", F_PRON},
    {"those ones", F_PRON},
    {"named", F_NAMED},
    {"called", F_NAMED},
    {"by the name of", F_NAMED},
    {"with the name", F_NAMED},
    {"whose name is", F_NAMED},
    {"with name", F_NAMED},
    {"name is", F_NAMED},
    {"containing", F_CONTAINS},
    {"contains", F_CONTAINS},
    {"contain", F_CONTAINS},
    {"matching", F_CONTAINS},
    {"match", F_CONTAINS},
    {"matches", F_CONTAINS},
    {"including", F_CONTAINS},
    {"include", F_CONTAINS},
    {"mentioning", F_CONTAINS},
    {"mention", F_CONTAINS},
    {"mentions", F_CONTAINS},
    {"like", F_CONTAINS},
    {"with the word", F_CONTAINS},
    {"that say", F_CONTAINS},
    {"saying", F_CONTAINS},
    {"starting with", F_PREFIX},
    {"starts with", F_PREFIX},
    {"start with", F_PREFIX},
    {"beginning with", F_PREFIX},
    {"begins with", F_PREFIX},
    {"begin with", F_PREFIX},
    {"prefixed with", F_PREFIX},
    {"that start with", F_PREFIX},
    {"that begin with", F_PREFIX},
    {"ending with", F_SUFFIX},
    {"ending in", F_SUFFIX},
    {"ends with", F_SUFFIX},
    {"ends in", F_SUFFIX},
    {"end with", F_SUFFIX},
    {"end in", F_SUFFIX},
    {"in", F_IN},
    {"on", F_IN},
    {"at", F_IN},
    {"inside", F_IN},
    {"from", F_IN},
    {"within", F_IN},
    {"as", F_IN},
    {"under the", F_IN},
    {"for", F_FOR},
    {"with", F_WITH},
    {"ago", F_AGO},
    {"than", F_THAN},
    {"this", F_THIS},
    {"common", F_COMMON},
    {"like to see", F_LIST},
    {"like to know", F_LIST},
    {"would", F_NOISE},
    {"love to know", F_LIST},
    {"want to know", F_LIST},
    {"want to see", F_LIST},
    {"need to see", F_LIST},
    {"need to know", F_LIST},
    {"came from", F_IN},
    {"come from", F_IN},
    {"comes from", F_IN},
    {"how many mb of", F_MUCH},
    {"how many gb of", F_MUCH},
    {"how many mb", F_MUCH},
    {"how many gb", F_MUCH},
    {"how many gigabytes of", F_MUCH},
    {"how many megabytes of", F_MUCH},
    {"how many gigabytes", F_MUCH},
    {"how many megabytes", F_MUCH},
    {"how many bytes", F_MUCH},
    {"how many gib of", F_MUCH},
    {"how many euros", F_MUCH},
    {"how many bytes of", F_MUCH},
    {"how many gib", F_MUCH},
    {"how many seconds", F_MUCH},
    {"belong to", F_MEMBER},
    {"belongs to", F_MEMBER},
    {"a member of", F_MEMBER},
    {"member of", F_MEMBER},
    {"about", F_FOR},
    {"running", F_RUN},
    {"run", F_RUN},
    {"runs", F_RUN},
    {"data", F_STUFF},
    {"bytes", F_STUFF},
    {"traffic", F_STUFF},
    {"since boot", F_SINCEBOOT},
    {"since startup", F_SINCEBOOT},
    {"since the last boot", F_SINCEBOOT},
    {"since it booted", F_SINCEBOOT},
    {"since reboot", F_SINCEBOOT},
    {"since the last reboot", F_SINCEBOOT},
    {"per cent of", F_SHARE},
    {"why", F_REFUSE},
    {"how come", F_REFUSE},
    {"should", F_REFUSE},
    {"predict", F_REFUSE},
    {"forecast", F_REFUSE},
    {"how do i", F_REFUSE},
    {"how can i", F_REFUSE},
    {"how to", F_REFUSE},
    {"what if", F_REFUSE},
    {"will", F_WILL},
    {"going to", F_WILL},
    {"gonna", F_WILL},
    {"what about", F_AND_THEN},
    {"how about", F_AND_THEN},
    {"and what about", F_AND_THEN},
    {"and how about", F_AND_THEN},
    {"same for", F_AND_THEN},
    {"the same for", F_AND_THEN},
    {"and for", F_AND_THEN},
    {"what of", F_AND_THEN},
    {"and", F_AND},
    {"same thing for", F_AND_THEN},
    {"now for", F_AND_THEN},
    {"and in", F_AND_THEN},
    {"and of", F_AND_THEN},
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

/* How many tokens the phrase takes at token i; 0: it isn't there. */
static int phrase_at(const struct words *w, int i, const char *phrase)
{
    int n = 0;
    for (const char *p = phrase; *p; n++) {
        size_t k = strcspn(p, " ");
        const struct token *t = i + n < w->n ? &w->tok[i + n] : NULL;
        if (!t || t->kind == T_QUOTED || strlen(t->text) != k || memcmp(t->text, p, k) != 0)
            return 0;
        if (t->possessive)
            return 0;
        p += k + (p[k] != '\0');
    }
    return n;
}

static int function_at(const struct words *w, int i, enum func *ret)
{
    int best = 0;
    *ret = F_NONE;
    for (int k = 0; k < N_FUNCTIONS; k++) {
        if (functions[k].words[0] != w->tok[i].text[0])
            continue;
        int n = phrase_at(w, i, functions[k].words);
        if (n > best) {
            best = n;
            *ret = functions[k].func;
        }
    }
    return best;
}

static void take_readings(struct item *it, const struct table *t, const char *key, bool stemmed)
{
    int n = 0;
    const struct entry *e = lexicon_find(t, key, &n);
    for (int k = 0; k < n && it->n_readings < MAX_READINGS; k++) {
        if (e[k].stemmed != stemmed)
            continue;
        bool seen = false;
        for (int r = 0; r < it->n_readings; r++)
            seen = seen || (it->readings[r]->meaning == e[k].meaning &&
                            it->readings[r]->column == e[k].column);
        if (!seen)
            it->readings[it->n_readings++] = &e[k];
    }
}

/* The longest phrase of the lexicon that begins at token i. */
static int entry_at(const struct parse *p, int i, struct item *ret)
{
    char exact[KEY_MAX] = "", stem[KEY_MAX] = "";
    int best = 0;
    for (int n = 1; n <= MAX_SPAN && i + n <= p->w->n; n++) {
        const struct token *tok = &p->w->tok[i + n - 1];
        if (tok->kind == T_QUOTED || tok->kind == T_PAIR || tok->kind == T_DATE || tok->too_long)
            break;
        if (tok->kind == T_SIGN && tok->text[0] != '%')
            break;
        if (!token_key(tok, false, exact) || !token_key(tok, true, stem))
            break;
        struct item it = {.kind = I_WORDS, .at = i, .n = n};
        take_readings(&it, p->t, exact, false);
        it.exact = it.n_readings > 0;
        take_readings(&it, p->t, stem, true);
        if (it.n_readings) {
            *ret = it;
            best = n;
        }
        if (tok->possessive)
            break;
    }
    return best;
}

bool table_looks_ahead(const struct table *t)
{
    static const char *const words[] = {"expir", "due", "renewal", "ends"};
    if (t->time_column < 0)
        return false;
    const struct column *c = &t->columns[t->time_column];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(c->name, words[i]))
            return true;
    return false;
}

static bool only_function(enum func f)
{
    return f != F_NONE && f != F_NOISE && f != F_IN && f != F_OF && f != F_WITH;
}

static bool known_word(const struct parse *p, int i)
{
    struct item it;
    enum func f;
    return entry_at(p, i, &it) > 0 || function_at(p->w, i, &f) > 0;
}

static struct item next_item(const struct parse *p, int i)
{
    const struct token *tok = &p->w->tok[i];
    struct item entry = {.at = i}, it = {.kind = I_NAME, .at = i, .n = 1};
    enum func f = F_NONE;
    int n_entry = entry_at(p, i, &entry);
    int n_func = tok->kind == T_WORD || tok->kind == T_SIGN ? function_at(p->w, i, &f) : 0;
    struct span span;
    int n_time = calendar_read(p->w, i, p->now_us, table_looks_ahead(p->t), &span);
    if (tok->kind == T_QUOTED)
        return it;
    if (tok->kind == T_PAIR) {
        it.kind = I_PAIR;
        return it;
    }
    if (n_time && n_time >= n_entry && n_time >= n_func) {
        it.kind = I_TIME;
        it.n = n_time;
        it.span = span;
        return it;
    }
    if (n_entry &&
        (n_entry > n_func || (n_entry == n_func && !(only_function(f) && !entry.exact)))) {
        entry.func = n_entry == n_func ? f : F_NONE;
        if (entry.func == F_FOR && i + 1 < p->w->n && strcmp(tok->text, "about") == 0 &&
            reading(&entry, M_COLUMN) && !known_word(p, i + 1))
            entry.func = F_CONTAINS; /* "tickets about backups" */
        return entry;
    }
    if (n_func) {
        it.kind = I_WORDS;
        it.func = f;
        it.n = n_func;
        if (n_entry == n_func) {
            memcpy(it.readings, entry.readings, sizeof it.readings);
            it.n_readings = entry.n_readings;
        }
        return it;
    }
    if (tok->kind == T_NUMBER)
        it.kind = I_NUMBER;
    else if (tok->kind == T_SIGN)
        it.kind = I_SIGN;
    return it;
}

void parse_items(struct parse *p)
{
    p->n = 0;
    for (int i = 0; i < p->w->n; i += p->items[p->n++].n) {
        struct item *it = &p->items[p->n];
        *it = next_item(p, i);
        double number;
        if (it->kind == I_NAME && p->w->tok[i].kind == T_WORD &&
            word_number(p->w->tok[i].text, &number))
            it->kind = I_NUMBER;
    }
}

const struct entry *reading(const struct item *it, enum meaning m)
{
    for (int i = 0; i < it->n_readings; i++)
        if (it->readings[i]->meaning == m)
            return it->readings[i];
    return NULL;
}

struct item *item_at(struct parse *p, int i)
{
    p->nothing = (struct item){.kind = I_SIGN, .used = true};
    return i >= 0 && i < p->n ? &p->items[i] : &p->nothing;
}

int skip_noise(const struct parse *p, int i)
{
    while (i < p->n && p->items[i].func == F_NOISE && !reading(&p->items[i], M_COLUMN))
        i++;
    return i;
}

int back_noise(const struct parse *p, int i)
{
    while (i >= 0 && p->items[i].func == F_NOISE)
        i--;
    return i;
}

const struct token *item_token(const struct parse *p, int i)
{
    static const struct token none;
    return i >= 0 && i < p->n ? &p->w->tok[p->items[i].at] : &none;
}

bool is_name(const struct parse *p, int i)
{
    return i >= 0 && i < p->n && p->items[i].kind == I_NAME && !p->items[i].used &&
           !item_token(p, i)->too_long;
}

const char *name_text(const struct parse *p, int i, bool raw)
{
    const struct token *t = item_token(p, i);
    return raw ? t->raw : t->text;
}

void use(struct parse *p, int i)
{
    if (i >= 0 && i < p->n)
        p->items[i].used = true;
}

void use_span(struct parse *p, int from, int to)
{
    for (int i = from; i <= to; i++)
        use(p, i);
}

bool is_number(const struct column *c)
{
    return c->type == C_INT || c->type == C_REAL;
}

void parse_fail(struct parse *p, int i)
{
    p->failed = true;
    if (i < 0 || i >= p->n)
        return;
    for (int k = 0; k < p->items[i].n && p->n_unknown < MAX_TOKENS; k++)
        p->unknown[p->n_unknown++] = p->items[i].at + k;
}
