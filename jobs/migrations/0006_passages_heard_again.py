from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0005_speakers_chosen_by_hand'),
    ]

    operations = [
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('transcribe', 'Transcribe'), ('passage', 'Passage')], max_length=20),
        ),
    ]
