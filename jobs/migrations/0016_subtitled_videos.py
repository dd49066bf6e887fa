from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0015_changes_passed_over'),
    ]

    operations = [
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('transcribe', 'Transcribe'), ('passage', 'Passage'), ('subtitled_video', 'Subtitled video')], max_length=20),
        ),
    ]
